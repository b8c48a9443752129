package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Weights, groups, colours, downloads and explanations on the page, in a real browser against a real server. */
class PageOptionsIT extends OnThePage {
    // ---- Mixes ------------------------------------------------------------------------------------------------------

    @Test
    void wordsAreAddedAndHeldAgainstASearchAsChips() {
        visitor.search("hamburger");
        addWords("cheese");
        addWords("- camel");

        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&with=cheese&without=camel$"));
        visitor.settled();
        assertThat(page.locator(".term")).hasText(new Pattern[] {
            text("with hamburger 1"), text("with cheese 1"), text("without camel −0.5"),
        });
        assertThat(visitor.names().allTextContents()).noneMatch(name -> name.contains("camel"));

        page.locator(".term").nth(2).locator(".remove").click();
        page.locator(".term").nth(1).locator(".remove").click();
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger$"));
        assertThat(page.locator(".term")).hasCount(0);
    }

    @Test
    void weightsAreChangedStepByStepAndTheKeyboardStays() {
        visitor.visit("./?q=hamburger&with=cat");
        List<String> before = visitor.ids();
        Locator more = page.locator(".term").nth(1).locator(".step").nth(1);
        more.click();
        assertThat(page).hasURL(Pattern.compile("&with=cat\\*1\\.25$"));
        for (int i = 0; i < 3; i++) {
            page.keyboard().press("Enter");
        }
        assertThat(page).hasURL(Pattern.compile("&with=cat\\*2$"));
        visitor.settled();
        assertThat(visitor.ids()).isNotEqualTo(before);
        assertThat(more).isFocused();

        page.reload();
        visitor.settled();
        assertThat(page.locator(".term .amount").nth(1)).hasText("2");
        page.goBack();
        assertThat(page).hasURL(Pattern.compile("/$")); // Steps of a weight are no entries of the history.
    }

    @Test
    void weightSteppedBelowNothingTurnsAgainstTheSearch() {
        visitor.visit("./?q=hamburger&with=cat*0.25");
        page.locator(".term").nth(1).locator(".step").nth(0).click();

        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&without=cat\\*0\\.25$"));
        assertThat(page.locator(".term.less")).containsText("without cat");
    }

    @Test
    void hitsAreAddedAndHeldAgainstTheSearchFromTheirTilesAndKeys() {
        visitor.search("cat");
        Locator tile = page.locator(".tile").first();
        String id = tile.getAttribute("data-id");
        tile.hover();
        tile.locator(".mix").nth(1).click();
        assertThat(page).hasURL(Pattern.compile("\\?q=cat&less=" + id + "$"));
        visitor.settled();
        assertThat(visitor.ids().get(0)).isNotEqualTo(id);

        Locator other = page.locator(".tile").nth(1);
        String otherId = other.getAttribute("data-id");
        other.locator(".open").focus();
        page.keyboard().press("+");
        assertThat(page).hasURL(Pattern.compile("\\?q=cat&more=" + otherId + "&less=" + id + "$"));
        page.goBack();
        page.goBack();
        assertThat(page).hasURL(Pattern.compile("\\?q=cat$"));
        assertThat(page.locator(".tile").first()).hasAttribute("data-id", id);
    }

    @Test
    void pictureThatTheSearchStartedFromGivesItsPlaceToWhatWasAdded() {
        visitor.search("hamburger");
        String id = visitor.ids().get(0);
        visitor.visit("./?id=" + id + "&with=cat");
        page.locator(".term .remove").first().click();

        assertThat(page).hasURL(Pattern.compile("\\?q=cat$"));
        assertThat(page.locator("#words")).hasValue("cat");
    }

    // ---- Groups -----------------------------------------------------------------------------------------------------

    @Test
    void nearDuplicatesAreShownAsGroupsThatOpen() {
        visitor.search("hamburger");
        List<String> ungrouped = visitor.ids();
        visitor.openPanel("group-panel");
        page.locator("#closeness").fill("0.8");
        page.locator("#group").check();
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger&group=0\\.8$"));
        visitor.settled();
        List<String> grouped = visitor.ids();
        assertThat(grouped).hasSizeLessThan(ungrouped.size());
        assertThat(page.locator("#count")).hasText("Best 30 of 3,200 pictures in " + grouped.size() + " groups");

        Locator group = page.locator(".group").first();
        int others = Integer.parseInt(group.textContent().substring(1));
        assertThat(group).hasAttribute("aria-expanded", "false");
        group.click();
        assertThat(page.locator(".tile")).hasCount(grouped.size() + others);
        assertThat(page.locator(".tile.member")).hasCount(others);
        assertThat(page.locator(".group").first()).isFocused();
        assertThat(page.locator(".group").first()).hasAttribute("aria-expanded", "true");
        assertThat(page.locator(".tile.member .score").first()).hasText(Pattern.compile("0\\.\\d{3}"));
        visitor.shoot("group");

        page.keyboard().press("Enter");
        assertThat(page.locator(".tile")).hasCount(grouped.size());
        while (page.locator(".group[aria-expanded=false]").count() > 0) {
            int shown = page.locator(".tile").count();
            page.locator(".group[aria-expanded=false]").first().click();
            assertThat(page.locator(".tile")).not().hasCount(shown);
        }
        assertThat(new HashSet<>(visitor.ids())).isEqualTo(new HashSet<>(ungrouped));

        page.locator("#group").uncheck();
        assertThat(page).hasURL(Pattern.compile("\\?q=hamburger$"));
        assertThat(page.locator(".tile")).hasCount(ungrouped.size());
    }

    // ---- Colours ----------------------------------------------------------------------------------------------------

    @Test
    void coloursFollowTheSystemUntilTheVisitorChooses() {
        assertThat(paper()).isEqualTo("rgb(247, 247, 244)");
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
        assertThat(paper()).isEqualTo("rgb(18, 21, 21)");
        assertThat(page.locator("#theme")).hasAttribute("aria-pressed", "true");

        page.locator("#theme").click();
        assertThat(paper()).isEqualTo("rgb(247, 247, 244)");
        page.reload();
        assertThat(page.locator("#theme")).hasAttribute("aria-pressed", "false");
        assertThat(paper()).isEqualTo("rgb(247, 247, 244)");

        page.locator("#theme").click(); // Back to what the system has, and so to following it.
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));
        assertThat(paper()).isEqualTo("rgb(247, 247, 244)");
    }

    // ---- What is told -----------------------------------------------------------------------------------------------

    @Test
    void explanationTellsScoresTermsListsShardsAndTimes() {
        visitor.visit("./?q=hamburger&without=bun");
        visitor.openPanel("explanation");

        Locator told = page.locator("#explained");
        assertThat(told.locator(".strip path:not(.axis)")).hasCount(30);
        assertThat(told).containsText("“hamburger” counts once");
        assertThat(told).containsText("“bun” held against it, 0.5 times");
        assertThat(told)
                .containsText(Pattern.compile("The \\d+ lists nearest to the search were compared: about \\d+% of"));
        assertThat(told)
                .containsText(Pattern.compile("Of the ten best pictures that there are, \\d(\\.\\d+)? are found"));
        assertThat(told).containsText("4 of 4 shards answered, from generation gen-000001");
        assertThat(told.locator(".times li")).hasCount(3);
        visitor.shoot("explanation");
    }

    @Test
    void hitsAreDownloadedAsJsonCsvAndList() throws IOException {
        visitor.search("hamburger");
        List<Long> ids = visitor.ids().stream().map(Long::valueOf).toList();

        JsonNode json = new ObjectMapper().readTree(downloaded("json", "hamburger.json"));
        List<Long> inJson = new ArrayList<>();
        json.path("hits").forEach(hit -> inJson.add(hit.path("id").asLong()));
        assertThat(inJson).isEqualTo(ids);
        assertThat(json.path("generation").asText()).isEqualTo("gen-000001");

        String csv = downloaded("csv", "hamburger.csv");
        assertThat(csv).startsWith("\uFEFFid,score,percentile,width,height,caption,uri\r\n" + ids.get(0) + ",0.");
        assertThat(csv.split("\r\n")).hasSize(31);

        String list = downloaded("uris", "hamburger.txt");
        assertThat(list.lines()).hasSize(30).allMatch(line -> line.startsWith("file:///") && line.endsWith(".jpg"));
    }

    @Test
    void csvSurvivesQuotesCommasLinesAndFormulas() {
        Object csv = page.evaluate(
                """
                async () => (await import('./files.js')).csv([
                  {id: 1, score: -0.25, uri: 'a,b.jpg', caption: 'says "hi"', width: 1, height: 2, columns: {note: 'two\\nlines', good: true}},
                  {id: 2, score: 0.5, uri: 'c.jpg', caption: '=HYPERLINK("x")', width: 3, height: 4, duplicates: [7, 8], columns: {}},
                ])""");

        assertThat(csv)
                .isEqualTo(
                        """
                        \uFEFFid,score,width,height,caption,uri,duplicates,good,note\r
                        1,-0.25,1,2,"says ""hi\""","a,b.jpg",,true,"two
                        lines"\r
                        2,0.5,3,4,"'=HYPERLINK(""x"")",c.jpg,7 8,,\r
                        """);
    }

    @Test
    void addressesSayWhatQueriesAre() {
        Object same = page.evaluate(
                """
                async () => {
                  const {fromAddress, toAddress} = await import('./address.js');
                  return [
                    './', './?q=a*2&k=60', './?id=12&weight=0.5&more=3,4*0.25&less=5,6*2',
                    './?q=cat&with=2*2*1&without=dog*0.25&group=0.9&standing=out&filter=width>%3D10+AND+a:b&labels=x,y+z&label=y+z',
                  ].map((address) => decodeURIComponent(toAddress(fromAddress(new URL(address, location.href), null)))).join(' ');
                }""");

        assertThat(same)
                .isEqualTo(
                        "./ ./?q=a*2&k=60 ./?id=12&weight=0.5&more=3,4*0.25&less=5,6*2"
                                + " ./?q=cat&with=2*2*1&without=dog*0.25&group=0.9&standing=out&filter=width>=10+AND+a:b&labels=x,y+z&label=y+z");
    }

    // ---- Small windows ----------------------------------------------------------------------------------------------

    @Test
    void everythingFitsTheNarrowestWindow() {
        visitor.close();
        visitWith(new Browser.NewContextOptions().setViewportSize(320, 640));
        page = visitor.page();
        visitor.fitsInto(320);
        visitor.visit("./?q=hamburger&with=a+rather+long+description+of+cheese&less=5&group=0.8");
        visitor.fitsInto(320);
        visitor.openPanel("group-panel");
        visitor.openPanel("explanation");
        page.locator("#download summary").click();
        visitor.fitsInto(320);
        page.keyboard().press("Escape");
        assertThat(page.locator("#download ul")).isHidden();
        page.locator(".tile .open").first().click();
        assertThat(page.locator("#detail")).isVisible();
        assertThat(page.evaluate(
                        "(detail => detail.scrollWidth - detail.clientWidth)(document.querySelector('#detail'))"))
                .isEqualTo(0);
    }

    @Test
    void nothingMovesForVisitorsWhoAskForLess() {
        page.emulateMedia(
                new Page.EmulateMediaOptions().setReducedMotion(com.microsoft.playwright.options.ReducedMotion.REDUCE));
        visitor.search("hamburger");

        assertThat(page.evaluate("getComputedStyle(document.querySelector('.tile img')).transitionDuration"))
                .isEqualTo("0s");
    }

    private void addWords(String words) {
        page.locator("#add-words").fill(words);
        page.locator("#add-words").press("Enter");
        visitor.settled();
    }

    private Object paper() {
        return page.evaluate("getComputedStyle(document.body).backgroundColor");
    }

    private String downloaded(String kind, String name) throws IOException {
        page.locator("#download summary").click();
        Download download = page.waitForDownload(
                () -> page.locator("[data-kind=" + kind + "]").click());
        assertThat(download.suggestedFilename()).isEqualTo(name);
        return Files.readString(download.path(), UTF_8);
    }

    /** Texts of chips run together. */
    private static Pattern text(String words) {
        return Pattern.compile(words.replace(" ", "\\s*"));
    }
}
