package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Request;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Labels, what stands out, and going on behind the last hit: on the page, in a real browser against a real server. */
class PageRefiningIT extends OnThePage {
    @Test
    void hitsAreSortedUnderLabelsAndOneLabelIsKept() {
        visitor.search("hamburger");
        visitor.openPanel("labels-panel");
        page.keyboard().type("food");
        page.keyboard().press("Enter");
        assertThat(page.locator("#labels-problem")).containsText("two or more");
        page.keyboard().type(", animal");
        page.keyboard().press("Enter");

        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&labels=food,animal$"));
        visitor.settled();
        Locator food = page.locator(".facet").first();
        assertThat(page.locator(".facet")).hasCount(2);
        int foods = Integer.parseInt(food.locator(".amount").textContent().replaceAll(" .*", ""));
        assertThat(page.locator(".facet-label", containing("food"))).hasCount(foods);
        visitor.shoot("labels");

        food.click();
        assertThat(page).hasURL(Pattern.compile("&label=food$"));
        assertThat(page.locator(".tile")).hasCount(30); // Others are looked for.
        assertThat(page.locator(".facet-label", containing("food"))).hasCount(30);
        assertThat(food).isFocused();
        assertThat(food).hasAttribute("aria-pressed", "true");
        page.keyboard().press("Enter");
        assertThat(page).hasURL(Pattern.compile("&labels=food,animal$"));
        assertThat(page.locator(".tile")).hasCount(30);
    }

    @Test
    void whatDoesNotStandOutIsLeftOut() {
        visitor.search("hamburger");
        page.locator("#standing").click();

        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&standing=out$"));
        visitor.settled();
        assertThat(page.locator("#standing")).hasAttribute("aria-pressed", "true");
        assertThat(page.locator(".tile")).not().hasCount(30);
        assertThat(visitor.names().first()).hasText("hamburger");
    }

    @Test
    void hitsTellHowTheyStandAmongAllPictures() {
        visitor.search("hamburger");
        visitor.openPanel("explanation");
        assertThat(page.locator("#explained"))
                .containsText(Pattern.compile("Pictures picked at random score 0\\.\\d+ on"));
        page.locator(".tile .open").first().click();

        assertThat(page.locator("#detail dl"))
                .containsText(Pattern.compile("higher than (100|99\\.\\d+)% of the pictures"));
    }

    @Test
    void moreHitsGoOnBehindTheLastOne() {
        visitor.search("hamburger");
        List<String> before = visitor.ids();
        Request further = page.waitForRequest(Pattern.compile("/search\\?.*cursor="), () -> page.locator("#more")
                .click());
        assertThat(page.locator(".tile")).hasCount(60);

        assertThat(further.url()).contains("k=30");
        assertThat(visitor.ids().subList(0, 30)).isEqualTo(before);
        assertThat(visitor.ids()).doesNotHaveDuplicates();
        List<String> both = visitor.ids();
        page.reload(); // The address asks for as many at once.
        visitor.settled();
        assertThat(visitor.ids()).isEqualTo(both);
    }

    private static Page.LocatorOptions containing(String text) {
        return new Page.LocatorOptions().setHasText(text);
    }
}
