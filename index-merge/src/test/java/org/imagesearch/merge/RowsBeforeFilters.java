package org.imagesearch.merge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.rows.RowStore;

/** Row stores in the form that they had before there were filters. */
final class RowsBeforeFilters {
    private RowsBeforeFilters() {}

    /** Writes the rows of a shard anew in that form, and notes the files in the manifest. */
    static void write(Path generation, int shard) throws IOException {
        Path store = generation.resolve(IndexLayout.shardRows(shard));
        List<Document> documents = documents(store);
        Path file = generation.resolve(IndexLayout.MANIFEST);
        ObjectNode manifest = Json.read(Files.readAllBytes(file), ObjectNode.class, file.toString());
        ArrayNode entries = ((ObjectNode) manifest.get("shards").get(shard)).putArray("rows");
        try (Directory lucene = FSDirectory.open(store)) {
            for (String name : lucene.listAll()) {
                lucene.deleteFile(name);
            }
            try (IndexWriter writer = new IndexWriter(lucene, new IndexWriterConfig())) {
                writer.addDocuments(documents);
                writer.commit();
            }
            lucene.deleteFile(IndexWriter.WRITE_LOCK_NAME);
            for (String name : lucene.listAll()) {
                FileEntry entry = FileEntry.of(generation, IndexLayout.shardRows(shard) + "/" + name);
                entries.add(Json.read(Json.write(entry), JsonNode.class, name));
            }
        }
        Files.write(file, Json.write(manifest));
    }

    private static List<Document> documents(Path store) {
        List<Document> documents = new ArrayList<>();
        try (RowStore rows = RowStore.open(store)) {
            rows.forEach((id, list, row) -> {
                Document document = new Document();
                document.add(new NumericDocValuesField("id", id));
                document.add(new NumericDocValuesField("list", list));
                document.add(new BinaryDocValuesField("row", new BytesRef(row)));
                documents.add(document);
            });
        }
        return documents;
    }
}
