package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Axe's rules over every state of the page, in both palettes, on a desk and on a phone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageAccessibilityIT {
    private static final List<int[]> WINDOWS = List.of(new int[] {1280, 900}, new int[] {320, 640});

    private final Axe axe = new Axe();
    private RunningServer server;
    private Chromium chromium;

    @BeforeAll
    void startServerAndBrowser() {
        server = RunningServer.over(DemoIndex.of(2 * DemoIndex.EMOJI, 4));
        chromium = Chromium.open();
    }

    @AfterAll
    void stopServerAndBrowser() {
        if (chromium != null) {
            chromium.close();
        }
        if (server != null) {
            server.close();
        }
    }

    static Stream<Arguments> statesAndPalettes() {
        List<Named<Consumer<Page>>> states = List.of(
                Named.of("start", page -> assertThat(page.locator("#examples")).isVisible()),
                Named.of("results", PageAccessibilityIT::search),
                Named.of("detail", page -> {
                    search(page);
                    page.locator(".tile .open").first().click();
                    assertThat(page.locator("#detail")).isVisible();
                }),
                Named.of("mixed", page -> {
                    search(page);
                    page.locator(".tile .open").nth(3).click();
                    page.locator("[data-action=minus]").click();
                    assertThat(page.locator(".term")).hasCount(2);
                }),
                Named.of("groups", page -> {
                    page.navigate("./?q=hamburger&group=0.8");
                    page.locator(".group").first().click();
                    assertThat(page.locator(".tile.member").first()).isVisible();
                    page.locator("[aria-controls=group-panel]").click();
                    assertThat(page.locator("#closeness")).isVisible();
                }),
                Named.of("explanation and download", page -> {
                    search(page);
                    page.locator("[aria-controls=explanation]").click();
                    page.locator("#download summary").click();
                    assertThat(page.locator("#explained .times")).isVisible();
                }),
                Named.of("labels", page -> {
                    page.navigate("./?q=hamburger&labels=food,animal");
                    assertThat(page.locator(".facet")).hasCount(2);
                    page.locator(".facet").first().click();
                    assertThat(page.locator(".facet[aria-pressed=true]")).hasCount(1);
                }),
                Named.of("wrong filter", page -> {
                    page.navigate("./?q=hamburger&filter=widt%3E100");
                    assertThat(page.locator("#filter-problem")).isVisible();
                }),
                Named.of("nothing found", page -> {
                    page.route(Pattern.compile("/search\\?"), PageStatesIT::answerWithout);
                    page.navigate("./?q=hamburger&standing=out");
                    assertThat(page.locator(".notice.calm")).isVisible();
                }),
                Named.of("partial answer", page -> {
                    page.route(Pattern.compile("/search\\?"), PageStatesIT::answerPartially);
                    search(page);
                    assertThat(page.locator(".notice.warning")).isVisible();
                }),
                Named.of("busy server", page -> {
                    page.route(
                            Pattern.compile("/search\\?"),
                            route -> PageStatesIT.refuse(route, 429, "too_many", "too often"));
                    page.navigate("./?q=hamburger");
                    assertThat(page.locator(".notice.problem .button")).isVisible();
                }),
                Named.of("other colours than the system's", page -> {
                    search(page);
                    page.locator("#theme").click();
                }),
                Named.of("error", page -> {
                    page.navigate("./?id=999999999999999");
                    assertThat(page.locator(".notice.problem")).isVisible();
                }),
                Named.of("picture of another browser", page -> {
                    page.navigate("./?picture=cat.jpg");
                    assertThat(page.locator(".notice")).isVisible();
                }));
        return states.stream().flatMap(state -> Stream.of(ColorScheme.LIGHT, ColorScheme.DARK)
                .map(palette -> Arguments.of(state, palette)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("statesAndPalettes")
    void axeFindsNothingSerious(Consumer<Page> state, ColorScheme palette) {
        for (int[] window : WINDOWS) {
            Browser.NewContextOptions options = new Browser.NewContextOptions()
                    .setViewportSize(window[0], window[1])
                    .setColorScheme(palette);
            try (Chromium.Visit visit = chromium.visit(server.address(), options)) {
                Page page = visit.page();
                page.navigate("./");
                state.accept(page);

                assertThat(axe.violations(page)).as("width %d", window[0]).isEmpty();
            }
        }
    }

    private static void search(Page page) {
        page.fill("#words", "hamburger");
        page.locator("#words").press("Enter");
        assertThat(page.locator(".tile").first()).isVisible();
    }
}
