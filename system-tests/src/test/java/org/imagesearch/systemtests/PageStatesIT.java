package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Clock;
import com.microsoft.playwright.Route;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the page says where there is nothing to show. A healthy server does not give most of these answers, so they are put in its
 * place on their way to the browser, in the shapes that {@code /openapi.json} describes.
 */
class PageStatesIT extends OnThePage {
    private static final Pattern SEARCHES = Pattern.compile("/search(\\?|$)");
    private static final String BUSY = "The server is busy: asking again in 3 s…";
    private static final int RETRY_AFTER_MS = 3_000;

    @ParameterizedTest
    @CsvSource({
        "403, forbidden, The key does not allow this., false",
        "413, too_large, That is too large for the server., false",
        "504, deadline_exceeded, The search took too long., true",
        "500, internal, The server failed., true",
    })
    void refusalSaysWhatItMeansAndWhetherToTryAgain(int status, String code, String title, boolean again) {
        page.route(SEARCHES, route -> refuse(route, status, code, "the server's own words"));
        ask("hamburger");

        assertThat(page.locator(".notice.problem .title")).hasText(title);
        assertThat(page.locator(".notice.problem")).containsText("the server's own words");
        assertThat(page.locator(".notice.problem .button")).hasCount(again ? 1 : 0);
        if (again) {
            page.unroute(SEARCHES);
            page.locator(".notice .button").click();
            visitor.settled();
            assertThat(visitor.names().first()).hasText("hamburger");
        }
    }

    @Test
    void busyServerIsAskedOnceMoreAndThenByTheVisitor() {
        AtomicInteger asked = new AtomicInteger();
        page.route(SEARCHES, route -> {
            asked.incrementAndGet();
            refuse(route, 503, "unavailable", "the server has too much to do");
        });
        // The page's timers wait for the test: a server that refuses at once does so before the page says that it is
        // searching.
        page.clock().install(new Clock.InstallOptions().setTime(0));
        page.clock().pauseAt(1_000);
        ask("hamburger");

        assertThat(page.locator("#count")).hasText(BUSY);
        page.clock().runFor(RETRY_AFTER_MS - 1);
        assertThat(page.locator("#count")).hasText(BUSY);
        assertThat(asked).hasValue(1);
        page.clock().runFor(1);
        assertThat(page.locator(".notice.problem .title")).hasText("The server is busy.");
        assertThat(asked).hasValue(2);
        visitor.shoot("busy");
        page.unroute(SEARCHES);
        page.locator(".notice .button").click();
        visitor.settled();
    }

    @Test
    void serverThatIsOpeningItsIndexIsAskedUntilItHas() {
        AtomicInteger asked = new AtomicInteger();
        page.route(SEARCHES, route -> {
            if (asked.incrementAndGet() <= 3) {
                refuse(route, 503, "unavailable", "the index is not open");
            } else {
                route.resume();
            }
        });
        page.route(Pattern.compile("/readyz$"), route -> refuse(route, 503, "unavailable", "the index is not open"));
        ask("hamburger");

        assertThat(page.locator("#count")).containsText("still opening its index");
        visitor.settled();
        assertThat(asked).hasValue(4);
        assertThat(page.locator(".notice")).hasCount(0);
    }

    @Test
    void partialAnswerSaysWhichShardsAreMissingAndWhy() {
        page.route(SEARCHES, PageStatesIT::answerPartially);
        visitor.search("hamburger");

        assertThat(page.locator(".notice.warning .title"))
                .hasText("2 of 4 shards did not answer, so pictures may be missing.");
        assertThat(page.locator(".notice.warning")).containsText("shard 1: not in time · shard 3: too much to do");
        visitor.shoot("partial");
        page.unroute(SEARCHES);
        page.locator(".notice .button").click();
        assertThat(page.locator(".notice")).hasCount(0);
        assertThat(page.locator("#facts")).containsText("4 of 4 shards");
    }

    @Test
    void nothingFoundNamesWhatLeftHitsOutAndTakesItAway() {
        page.route(Pattern.compile("/search\\?.*filter="), PageStatesIT::answerWithout);
        page.navigate("./?q=hamburger&filter=width%3E%3D100000");

        assertThat(page.locator("#count")).hasText("No pictures found");
        assertThat(page.locator(".notice.calm")).containsText("No picture passes the filter.");
        assertThat(page.locator(".notice.calm code")).hasText("width>=100000");
        visitor.shoot("nothing-passes");
        page.locator(".notice .button").click();
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger$"));
        visitor.settled();
    }

    @Test
    void pictureThatCannotBeReadAsksForAnother() {
        page.setInputFiles(
                "#file",
                new com.microsoft.playwright.options.FilePayload("broken.jpg", "image/jpeg", new byte[] {1, 2, 3}));

        assertThat(page.locator(".notice.problem .title")).hasText("The server cannot read this picture.");
        assertThat(page.locator(".notice.problem")).containsText("none of JPEG, PNG, GIF, BMP and WebP");
        assertThat(page.locator(".notice.problem .button")).hasText("Choose another picture");
        visitor.shoot("broken-picture");
    }

    private void ask(String words) {
        page.fill("#words", words);
        page.locator("#words").press("Enter");
    }

    /** As if two of the four shards had not answered. */
    static void answerPartially(Route route) {
        String whole = route.fetch().text();
        String partial = whole.replaceFirst(
                "\"shards\":\\{[^}]*}",
                "\"shards\":{\"total\":4,\"answered\":2,\"degraded\":[{\"shard\":1,\"reason\":\"deadline\"},"
                        + "{\"shard\":3,\"reason\":\"overloaded\"}]}");
        route.fulfill(
                new Route.FulfillOptions().setContentType("application/json").setBody(partial));
    }

    /** A wait of 3 s: what the page says meanwhile is looked for once in a second at the least. */
    static void refuse(Route route, int status, String code, String message) {
        route.fulfill(new Route.FulfillOptions()
                .setStatus(status)
                .setContentType("application/json")
                .setHeaders(status == 503 ? Map.of("Retry-After", "3") : Map.of())
                .setBody("{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}".formatted(code, message)));
    }

    static void answerWithout(Route route) {
        route.fulfill(
                new Route.FulfillOptions()
                        .setContentType("application/json")
                        .setBody(
                                """
                        {"generation":"gen-000001","took":{"encodeMs":1.0,"searchMs":1.0,"totalMs":2.0},
                         "probed":{"nprobe":19,"expectedRecall":null},"shards":{"total":4,"answered":4,"degraded":[]},"hits":[]}"""));
    }
}
