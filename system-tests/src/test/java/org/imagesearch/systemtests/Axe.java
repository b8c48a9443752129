package org.imagesearch.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.microsoft.playwright.Page;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;

/** Axe's rules for accessible pages. */
final class Axe {
    private final String script;

    Axe() {
        try (InputStream in = Axe.class.getResourceAsStream("/axe.min.js")) {
            script = new String(
                    Objects.requireNonNull(in, "axe.min.js is not on the class path")
                            .readAllBytes(),
                    UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read axe.min.js", e);
        }
    }

    /** Serious and critical violations of a page at rest, each with the first element that it is about. */
    List<?> violations(Page page) {
        page.evaluate(script);
        Object found = page.evaluate(
                """
                async () => {
                  // Colours on their way from one to another have any contrast.
                  const transitions = document.getAnimations().filter((one) => one instanceof CSSTransition);
                  await Promise.allSettled(transitions.map((one) => one.finished));
                  const results = await axe.run();
                  if (results.passes.length === 0) {
                    throw new Error('axe checked nothing');
                  }
                  return results.violations
                    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
                    .map((violation) => `${violation.id}: ${violation.nodes[0].html} ${violation.nodes[0].failureSummary}`);
                }""");
        return (List<?>) found;
    }
}
