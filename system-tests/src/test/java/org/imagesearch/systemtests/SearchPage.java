package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.nio.file.Path;
import java.util.List;

/** The page as a visitor has it open, and what visitors do on it. Screenshots: {@code target/screenshots}. */
final class SearchPage implements AutoCloseable {
    private final Chromium.Visit visit;
    private final Page page;

    private SearchPage(Chromium.Visit visit) {
        this.visit = visit;
        this.page = visit.page();
    }

    /** Opens the start of the page. */
    static SearchPage open(Chromium chromium, RunningServer server, Browser.NewContextOptions options) {
        SearchPage opened = new SearchPage(chromium.visit(server.address(), options));
        opened.page.navigate("./");
        return opened;
    }

    /** On a desk. */
    static SearchPage open(Chromium chromium, RunningServer server) {
        return open(chromium, server, new Browser.NewContextOptions().setViewportSize(1280, 900));
    }

    Page page() {
        return page;
    }

    Chromium.Visit visit() {
        return visit;
    }

    /** Types words, presses Enter and waits for their hits. */
    void search(String words) {
        page.fill("#words", words);
        page.locator("#words").press("Enter");
        assertThat(page).hasTitle(words + " · Picture search");
        settled();
    }

    /** Goes to an address and waits for its hits. */
    void visit(String address) {
        page.navigate(address);
        settled();
    }

    /** Waits for the hits of what the address says. */
    void settled() {
        // Assertions, since waiting for a function needs eval, which the page's content security policy forbids.
        String address = (String) page.evaluate("'./' + location.search");
        assertThat(page.locator("#grid")).hasAttribute("data-of", address);
        assertThat(page.locator("#grid")).hasAttribute("aria-busy", "false");
        assertThat(page.locator(".tile").first()).isVisible();
    }

    Locator names() {
        return page.locator(".tile .name");
    }

    /** The ids of the tiles, as they stand. */
    List<String> ids() {
        return page.locator(".tile").all().stream()
                .map(tile -> tile.getAttribute("data-id"))
                .toList();
    }

    /** Opens what stands behind a switch over the hits. */
    void openPanel(String id) {
        page.locator("[aria-controls=" + id + "]").click();
        assertThat(page.locator("#" + id)).isVisible();
    }

    /** Nothing has to be scrolled to sideways. */
    void fitsInto(int width) {
        assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(width);
    }

    void shoot(String name) {
        Path file = Repository.target().resolve("screenshots").resolve(name + ".png");
        page.screenshot(new Page.ScreenshotOptions().setPath(file));
    }

    /** Closes it; fails if the browser had something to complain about. */
    @Override
    public void close() {
        List<String> complaints = visit.complaints();
        visit.close();
        assertThat(complaints).isEmpty();
    }
}
