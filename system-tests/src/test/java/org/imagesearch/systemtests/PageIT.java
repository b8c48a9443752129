package org.imagesearch.systemtests;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.JSHandle;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.options.FilePayload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page in a real browser, against a real server over a real index. Screenshots: {@code target/screenshots}. */
class PageIT extends OnThePage {
    private static final List<String> RED_CARS =
            List.of("automobile", "oncoming automobile", "racing car", "fire engine", "pickup truck");

    @ParameterizedTest
    @ValueSource(strings = {"hamburger", "hampurilainen", "ハンバーガー"})
    void wordsInAnyLanguageFindTheirPicturesFirst(String words) {
        visitor.search(words);

        assertThat(visitor.names().first()).hasText("hamburger");
        assertThat(visitor.names().nth(1)).hasText("hamburger");
    }

    @ParameterizedTest
    @ValueSource(strings = {"red car", "carro rojo"})
    void wordsThatDescribeFindWhatTheyDescribe(String words) {
        visitor.search(words);

        assertThat(visitor.names().first().textContent()).isIn(RED_CARS);
    }

    @Test
    void answerTellsHowManyPicturesWhichShardsAndHowLong() {
        visitor.search("hamburger");

        assertThat(page.locator("#count")).hasText("Best 30 of 3,200 pictures");
        assertThat(page.locator("#facts")).containsText("4 of 4 shards");
        assertThat(page.locator("#facts")).containsText(Pattern.compile("\\d ms"));
        assertThat(page.locator("#facts")).containsText("gen-000001");
        assertThat(page.locator(".notice")).hasCount(0);
        assertThat(page.locator(".tile .score").first()).hasText(Pattern.compile("0\\.\\d{3}"));
        assertThat(page.locator(".tile img").first()).not().hasJSProperty("naturalWidth", 0);
        visitor.shoot("results");
    }

    @Test
    void chosenPictureFindsItsLike() {
        List<Path> fresh = demo.freshPictures(5);
        long found = fresh.stream()
                .filter(picture -> {
                    page.setInputFiles("#file", picture);
                    page.waitForURL(url -> url.contains("picture=" + picture.getFileName()));
                    visitor.settled();
                    return visitor.names().first().textContent().equals(DemoIndex.caption(picture));
                })
                .count();

        assertThat(found)
                .as("pictures that found their emoji first, of %s", fresh)
                .isGreaterThanOrEqualTo(4);
        assertThat(page.locator("#terms")).containsText("000004.jpg");
        visitor.shoot("own-picture");

        page.reload(); // The history entry has the picture.
        visitor.settled();
        assertThat(page.locator("#terms")).containsText("000004.jpg");
    }

    @Test
    void droppedAndPastedPicturesFindTheirLike() throws IOException {
        Path picture = demo.pictures().resolve("000003.jpg");
        JSHandle transfer = transferOf(picture);

        page.dispatchEvent("body", "dragenter", Map.of("dataTransfer", transfer));
        assertThat(page.locator("#dropzone")).isVisible();
        visitor.shoot("dropping");
        page.dispatchEvent("body", "drop", Map.of("dataTransfer", transfer));
        visitor.settled();
        assertThat(page.locator("#dropzone")).isHidden();
        assertThat(visitor.names().first()).hasText(DemoIndex.caption(picture));

        Path other = demo.pictures().resolve("000004.jpg");
        page.evaluate(
                "transfer => document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true}))",
                transferOf(other));
        page.waitForURL(url -> url.contains("000004.jpg"));
        visitor.settled();
        assertThat(visitor.names().first()).hasText(DemoIndex.caption(other));
    }

    @Test
    void moreLikeThisFindsPicturesLikeAHit() {
        visitor.search("hamburger");
        Locator tile = page.locator(".tile").first();
        String id = tile.getAttribute("data-id");
        tile.hover();
        visitor.shoot("hover");
        tile.locator(".like").click();

        page.waitForURL(url -> url.endsWith("?id=" + id));
        visitor.settled();
        assertThat(visitor.names().first()).hasText("hamburger");
        assertThat(page.locator("#terms")).containsText("like hamburger");
    }

    @Test
    void addressHoldsTheQueryAndBackWorks() {
        visitor.search("hamburger");
        assertThat(page.url()).endsWith("?q=hamburger");
        visitor.search("carro rojo");
        assertThat(page.url()).endsWith("?q=carro+rojo");

        page.goBack();
        assertThat(page.locator("#words")).hasValue("hamburger");
        assertThat(visitor.names().first()).hasText("hamburger");
        page.goBack();
        assertThat(page.locator("#examples")).isVisible();
        assertThat(page.locator(".tile")).hasCount(0);
        page.goForward();
        assertThat(visitor.names().first()).hasText("hamburger");

        page.navigate("./?q=%D8%A8%D9%8A%D8%AA%D8%B2%D8%A7"); // An address that somebody was sent: pizza.
        visitor.settled();
        assertThat(visitor.names().first()).hasText("pizza");
        assertThat(page.evaluate("getComputedStyle(document.querySelector('#words')).direction"))
                .isEqualTo("rtl");
        visitor.shoot("right-to-left");
    }

    @Test
    void keyboardAloneSearchesWalksOpensAndGoesOn() {
        page.locator(".brand a").focus();
        page.keyboard().press("/");
        page.keyboard().type("hamburger");
        page.keyboard().press("Enter");
        visitor.settled();
        page.keyboard().press("ArrowDown");
        assertThat(page.locator(".tile .open").first()).isFocused();
        page.keyboard().press("ArrowRight");
        page.keyboard().press("ArrowDown");
        page.keyboard().press("ArrowUp");
        assertThat(page.locator(".tile .open").nth(1)).isFocused();

        page.keyboard().press("Enter");
        assertThat(page.locator("#detail")).isVisible();
        assertThat(page.locator("#detail-name")).hasText(visitor.names().nth(1).textContent());
        assertThat(page.locator(".stage img")).hasAttribute("src", Pattern.compile("images/\\d+$"));
        visitor.shoot("detail");
        page.keyboard().press("ArrowRight");
        assertThat(page.locator("#detail-name")).hasText(visitor.names().nth(2).textContent());
        page.keyboard().press("Escape");
        assertThat(page.locator("#detail")).isHidden();
        assertThat(page.locator(".tile .open").nth(2)).isFocused();

        page.keyboard().press("m");
        page.waitForURL(Pattern.compile("\\?id=\\d+$"));
    }

    @Test
    void picturesCanBeMixedInAndHeldAgainstASearch() {
        visitor.search("hamburger");
        String added = page.locator(".tile").first().getAttribute("data-id");
        page.locator(".tile .open").first().click();
        page.locator("[data-action=plus]").click();
        page.waitForURL(url -> url.endsWith("?q=hamburger&more=" + added));
        visitor.settled();
        assertThat(visitor.names().first()).hasText("hamburger");

        visitor.search("cat");
        String held = page.locator(".tile").first().getAttribute("data-id");
        page.locator(".tile .open").first().click();
        page.locator("[data-action=minus]").click();
        page.waitForURL(url -> url.endsWith("?q=cat&less=" + held));
        visitor.settled();
        assertThat(page.locator(".tile").first()).not().hasAttribute("data-id", held);
        visitor.shoot("mixed");
    }

    @Test
    void moreCanBeShown() {
        visitor.search("hamburger");
        assertThat(page.locator(".tile")).hasCount(30);
        page.locator("#more").click();
        assertThat(page.locator(".tile")).hasCount(60);
        assertThat(page.locator(".tile .open").nth(30)).isFocused();
        assertThat(page.url()).endsWith("?q=hamburger&k=60");
    }

    @Test
    void refusalsOfTheServerAreShownInItsWords() {
        page.navigate("./?id=999999999999999");
        assertThat(page.locator(".notice.problem")).containsText("999999999999999");
        visitor.shoot("error");

        page.setInputFiles("#file", new FilePayload("broken.jpg", "image/jpeg", "no picture".getBytes(UTF_8)));
        page.waitForURL(url -> url.contains("broken.jpg"));
        assertThat(page.locator(".notice.problem .title")).isVisible();
        assertThat(page.locator(".tile")).hasCount(0);

        page.setInputFiles("#file", new FilePayload("notes.txt", "text/plain", "words".getBytes(UTF_8)));
        assertThat(page.locator(".notice.problem")).containsText("notes.txt is not a picture");
    }

    @Test
    void withoutAConnectionThePageSaysSoAndGoesOnWhenItIsBack() {
        visitor.visit().context().setOffline(true);
        page.fill("#words", "hamburger");
        page.keyboard().press("Enter");
        assertThat(page.locator(".notice.problem")).containsText("You are offline");

        visitor.visit().context().setOffline(false);
        assertThat(visitor.names().first()).hasText("hamburger");
    }

    @Test
    void addressOfAPictureOnlyAnotherBrowserHasAsksForItAgain() {
        page.navigate("./?picture=cat.jpg");
        assertThat(page.locator(".notice")).containsText("only its own browser tab has");
    }

    @Test
    void pageFitsAPhone() {
        visitor.close();
        visitWith(new Browser.NewContextOptions()
                .setViewportSize(390, 844)
                .setDeviceScaleFactor(2)
                .setHasTouch(true)
                .setIsMobile(true));
        visitor.fitsInto(390);
        visitor.shoot("phone-start");
        visitor.search("hamburger");
        visitor.fitsInto(390);
        visitor.shoot("phone-results");
        page.locator(".tile .open").first().tap();
        assertThat(page.locator("#detail")).isVisible();
        visitor.fitsInto(390);
        visitor.shoot("phone-detail");
        page.goBack();
        assertThat(page.locator("#detail")).isHidden();
    }

    private JSHandle transferOf(Path picture) throws IOException {
        String base64 = Base64.getEncoder().encodeToString(Files.readAllBytes(picture));
        return page.evaluateHandle(
                """
                ([name, base64]) => {
                  const transfer = new DataTransfer();
                  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
                  transfer.items.add(new File([bytes], name, {type: 'image/jpeg'}));
                  return transfer;
                }""",
                Arrays.asList(picture.getFileName().toString(), base64));
    }
}
