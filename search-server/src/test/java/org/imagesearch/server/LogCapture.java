package org.imagesearch.server;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.imagesearch.server.query.RequestId;

/** Everything that is logged at level info and above, with the request that it is for, until it is closed. */
final class LogCapture implements AutoCloseable {
    private static final String NAME = "captured";

    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    private final LoggerConfig root =
            LoggerContext.getContext(false).getConfiguration().getRootLogger();
    private final Level before = root.getLevel();

    LogCapture() {
        AbstractAppender appender = new AbstractAppender(NAME, null, null, true, Property.EMPTY_ARRAY) {
            @Override
            public void append(LogEvent event) {
                String request = event.getContextData().getValue(RequestId.KEY);
                lines.add(event.getMessage().getFormattedMessage()
                        + (request == null ? "" : " request=" + request)
                        + (event.getThrown() == null ? "" : " " + event.getThrown()));
            }
        };
        appender.start();
        root.addAppender(appender, Level.INFO, null);
        Configurator.setRootLevel(Level.INFO);
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        root.removeAppender(NAME);
        Configurator.setRootLevel(before);
    }
}
