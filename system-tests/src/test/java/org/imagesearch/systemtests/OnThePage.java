package org.imagesearch.systemtests;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** A server over demo pictures and a browser for all tests of a class; each of them is a visitor's first visit, on a desk. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class OnThePage {
    private static final int PICTURES = 2 * DemoIndex.EMOJI;
    private static final int SHARDS = 4;

    DemoIndex demo;
    RunningServer server;
    Chromium chromium;
    SearchPage visitor;
    Page page;

    @BeforeAll
    void startServerAndBrowser() {
        demo = DemoIndex.of(PICTURES, SHARDS);
        server = start(demo);
        chromium = Chromium.open();
    }

    /** As users start it, unless a test wants another one. */
    RunningServer start(DemoIndex demo) {
        return RunningServer.over(demo);
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

    @BeforeEach
    void openThePage() {
        visitWith(new Browser.NewContextOptions().setViewportSize(1280, 900));
    }

    /** Opens the page as another visitor, who is the one from now on. */
    final void visitWith(Browser.NewContextOptions options) {
        visitor = SearchPage.open(chromium, server, options);
        page = visitor.page();
    }

    @AfterEach
    void browserHadNothingToComplainAbout() {
        visitor.close();
    }
}
