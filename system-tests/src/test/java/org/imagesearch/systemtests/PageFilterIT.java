package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Filters on the page, in a real browser against a real server. */
class PageFilterIT extends OnThePage {
    @Test
    void filterIsBegunFromItsColumnsAndKeepsWhatPasses() {
        visitor.search("animal");
        visitor.openPanel("filter-panel");
        assertThat(page.locator("#columns button"))
                .hasText(new String[] {"id>=", "uri:", "width>=", "height>=", "caption:"});
        page.locator("#columns button", containing("caption:")).click();
        assertThat(page.locator("#filter")).isFocused();
        page.keyboard().type("camel");
        page.locator("#columns button", containing("width>=")).click();
        assertThat(page.locator("#filter")).hasValue("caption:camel AND width>=");
        page.keyboard().type("1");
        page.keyboard().press("Enter");

        assertThat(page).hasURL(Pattern.compile("\\?q=animal&filter=caption%3Acamel\\+AND\\+width%3E%3D1$"));
        visitor.settled();
        assertThat(visitor.names().allTextContents()).isNotEmpty().allMatch(name -> name.contains("camel"));
        assertThat(page.locator("[aria-controls=filter-panel]")).hasClass(Pattern.compile("\\bon\\b"));
        visitor.shoot("filter");

        visitor.search("hamburger"); // What is wanted stays while what is searched for changes.
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&filter="));
        assertThat(visitor.names().first()).hasText(Pattern.compile("camel"));
        page.locator("#clear-filter").click();
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger$"));
        assertThat(visitor.names().first()).hasText("hamburger");
    }

    @Test
    void filterThatIsWrongIsComplainedAboutWhereItStands() {
        page.navigate("./?q=hamburger&filter=widt%3E3");

        assertThat(page.locator("#filter-panel")).isVisible();
        assertThat(page.locator("#filter-problem")).containsText("widt");
        assertThat(page.locator("#filter")).hasAttribute("aria-invalid", "true");
        assertThat(page.locator(".notice")).hasCount(0);
        visitor.shoot("filter-problem");

        page.locator("#filter").fill("width>3");
        page.locator("#filter").press("Enter");
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&filter=width%3E3$"));
        visitor.settled();
        assertThat(page.locator("#filter-problem")).isHidden();
    }

    @Test
    void filterThatNothingPassesIsTakenAway() {
        page.navigate("./?q=hamburger&filter=width%3E100000");

        assertThat(page.locator(".notice.calm")).containsText("No picture passes the filter.");
        page.locator(".notice .button").click();
        visitor.settled();
        assertThat(visitor.names().first()).hasText("hamburger");
    }

    private static Page.LocatorOptions containing(String text) {
        return new Page.LocatorOptions().setHasText(text);
    }
}
