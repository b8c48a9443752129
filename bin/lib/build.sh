# Builds a program when its jar is missing or older than its sources; sourced by the commands that run programs.
#
#   build_if_needed PROGRAM...      spark-embed, index-merge, search-server, benchmarks   (needs $root and packages.sh)

build_if_needed() {
  local program current=yes wanted=spark-embed,index-merge,search-server,spark-home
  for program in "$@"; do
    is_current "$program" || current=''
    [ "$program" != benchmarks ] || wanted+=,benchmarks
  done
  [ -z "$current" ] || return 0

  require_packages "${PACKAGES_TO_BUILD[@]}"
  echo "building (a few minutes the first time: Maven fetches Spark and the rest)" >&2
  (cd "$root" && mvn -q -B -ntp -DskipTests -pl "$wanted" -am package >&2) || {
    echo "$(basename "$0"): the build failed, see above" >&2
    exit 1
  }
}

is_current() {
  local program=$1 modules jar
  case $program in
    spark-embed) modules=(core clip spark-embed spark-home) ;;
    index-merge) modules=(core faiss index-merge spark-home) ;;
    search-server) modules=(core faiss clip search-server) ;;
    benchmarks) modules=(core faiss clip benchmarks) ;;
  esac
  jar=$(program_jar "$program")
  [ -f "$jar" ] || return 1
  case $program in
    spark-embed | index-merge) [ -d "$root/spark-home/target/home/jars" ] || return 1 ;;
  esac
  local sources=("$root/pom.xml") module
  for module in "${modules[@]}"; do
    sources+=("$root/$module/pom.xml")
    [ ! -d "$root/$module/src/main" ] || sources+=("$root/$module/src/main")
  done
  # A jar without sources is a release: nothing to build.
  [ -d "$root/$program/src" ] || return 0
  [ -z "$(find "${sources[@]}" -type f -newer "$jar" -print -quit)" ]
}

# The jar with everything in it.
program_jar() {
  local jars=("$root/$1/target/imagesearch-$1-"*-all.jar)
  echo "${jars[0]}"
}
