package org.imagesearch.server.nodes;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.nodes.Gathering.Answered;
import org.imagesearch.server.nodes.Message.Lookup;
import org.imagesearch.server.nodes.Message.Picture;
import org.imagesearch.server.nodes.Message.Pictures;
import org.imagesearch.server.query.RequestId;

/**
 * Asks shards which of some ids they have, and what they keep of them.
 *
 * @param anyWillDo whether one picture is all that is wanted
 */
record LookupQuestion(String generation, long[] ids, boolean rows, boolean vectors, boolean anyWillDo)
        implements Gathering.Question<List<Picture>> {
    @Override
    public Message of(long number, List<Integer> shards, long micros) {
        return new Lookup(number, RequestId.ofThisThread(), generation, micros, rows, vectors, shards, ids);
    }

    @Override
    public Map<Integer, Answered<List<Picture>>> read(Message message, List<Integer> shards) throws GarbledException {
        if (!(message instanceof Pictures pictures)) {
            throw new GarbledException("a lookup is not answered by pictures");
        }
        Map<Integer, List<Picture>> found = new HashMap<>();
        shards.forEach(shard -> found.put(shard, new ArrayList<>()));
        for (Picture picture : pictures.pictures()) {
            if (!found.containsKey(picture.shard())) {
                throw new GarbledException("a picture is of shard " + picture.shard() + ", which was not asked");
            }
            if (rows != picture.row().length > 0 || vectors != picture.vector().length > 0) {
                throw new GarbledException("of the picture " + picture.id() + " something is missing, or too much");
            }
            found.get(picture.shard()).add(picture);
        }
        Map<Integer, Answered<List<Picture>>> byShard = new HashMap<>();
        found.forEach((shard, list) -> byShard.put(shard, new Answered<>(list, null)));
        return byShard;
    }

    @Override
    public int size() {
        return Math.max(1, ids.length);
    }

    @Override
    public boolean isEnough(List<Picture> answer) {
        return anyWillDo && !answer.isEmpty();
    }
}
