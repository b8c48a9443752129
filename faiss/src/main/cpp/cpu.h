// Which instructions the kernels may use: the best set that this processor has, or the one that was asked for.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

namespace imagesearch {

// In ascending order: a processor with one of them has those before it.
enum class InstructionSet { portable, avx2, avx512 };

inline const char* name_of(InstructionSet set) {
    switch (set) {
        case InstructionSet::avx512:
            return "avx512";
        case InstructionSet::avx2:
            return "avx2";
        default:
            return "portable";
    }
}

inline InstructionSet best_instruction_set() {
#if defined(__x86_64__)
    // The builtin asks the operating system too, which must save the registers.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
        return wide ? InstructionSet::avx512 : InstructionSet::avx2;
    }
#endif
    return InstructionSet::portable;
}

inline std::atomic<InstructionSet>& chosen_instruction_set() {
    static std::atomic<InstructionSet> chosen(best_instruction_set());
    return chosen;
}

// What searches that begin now use.
inline InstructionSet instruction_set() {
    return chosen_instruction_set().load(std::memory_order_relaxed);
}

inline std::string instruction_set_name() {
    return name_of(instruction_set());
}

// Throws if the name is none or the processor lacks that set.
inline void use_instruction_set(const char* wanted) {
    InstructionSet best = best_instruction_set();
    for (auto set : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512}) {
        if (std::string(wanted) == name_of(set)) {
            if (set > best) {
                throw std::invalid_argument(
                        std::string("this processor has no ") + wanted + ", at best " + name_of(best));
            }
            chosen_instruction_set().store(set, std::memory_order_relaxed);
            return;
        }
    }
    throw std::invalid_argument(std::string("the instruction set is ") + wanted + ", expected portable, avx2 or avx512");
}

} // namespace imagesearch
