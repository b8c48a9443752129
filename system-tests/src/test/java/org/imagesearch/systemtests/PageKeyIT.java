package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The page of a server that is searched with a key. */
class PageKeyIT extends OnThePage {
    private static final String KEY_LINE = "key:";

    private String key;

    @Override
    RunningServer start(DemoIndex demo) {
        try {
            Path folder = Files.createTempDirectory(Repository.target(), "keys-");
            Path keys = folder.resolve("keys");
            Path log = folder.resolve("key.log");
            Command.run(log, List.of("bin/serve", "key", "page", "--role", "search", "--keys", keys.toString()));
            key = Files.readAllLines(log).stream()
                    .filter(line -> line.startsWith(KEY_LINE))
                    .map(line -> line.substring(KEY_LINE.length()).strip())
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("no key in\n" + Command.tail(log)));
            Path conf = folder.resolve("serve.conf");
            Files.writeString(conf, "access.keys = \"" + keys + "\"\n", UTF_8);
            return RunningServer.over(demo, "--conf", conf.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Locator dialog() {
        return page.locator("dialog.key");
    }

    @BeforeEach
    void thePageAsksAtOnce() {
        assertThat(dialog()).isVisible();
    }

    private void give(String given) {
        dialog().locator("input").fill(given);
        dialog().locator("[type=submit]").click();
    }

    @Test
    void keyThatTheServerKnowsOpensSearchesAndPictures() {
        assertThat(dialog().locator("input")).isFocused();
        visitor.shoot("key");
        give(key);
        assertThat(dialog()).hasCount(0);
        visitor.search("hamburger");

        assertThat(visitor.names().first()).hasText("hamburger");
        assertThat(page.locator(".tile .open img.loaded").first()).isVisible();
    }

    @Test
    void keyIsKeptWhileTheTabIsOpen() {
        give(key);
        visitor.search("hamburger");
        page.reload();
        visitor.settled();

        assertThat(dialog()).hasCount(0);
        assertThat(page.locator(".tile .open img.loaded").first()).isVisible();
    }

    @Test
    void wrongKeyIsToldAndMayBeCorrected() {
        give("not a key of this server");
        assertThat(dialog().locator("[role=alert]")).hasText("The server does not know this key.");
        give(key);

        assertThat(dialog()).hasCount(0);
        visitor.search("hamburger");
    }

    @Test
    void whoGivesUpIsAskedWithTheNextSearchAndToldWhatIsMissing() {
        page.keyboard().press("Escape");
        assertThat(dialog()).hasCount(0);
        page.fill("#words", "hamburger");
        page.locator("#words").press("Enter");
        assertThat(dialog()).isVisible();
        page.keyboard().press("Escape");
        assertThat(page.locator(".notice.problem .title")).hasText("This server wants a key.");
        visitor.shoot("key-missing");
        page.locator(".notice.problem .button").click();
        give(key);

        visitor.settled();
        assertThat(visitor.names().first()).hasText("hamburger");
    }

    @ParameterizedTest
    @EnumSource(
            value = ColorScheme.class,
            names = {"LIGHT", "DARK"})
    void axeFindsNothingSeriousInTheDialog(ColorScheme palette) {
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(palette));
        Assertions.assertThat(new Axe().violations(page)).isEmpty();
        give("not a key of this server");
        assertThat(dialog().locator("[role=alert]")).not().isEmpty();
        Assertions.assertThat(new Axe().violations(page)).isEmpty();
    }
}
