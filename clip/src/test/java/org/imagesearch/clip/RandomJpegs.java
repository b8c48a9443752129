package org.imagesearch.clip;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** JPEGs of forms that Pillow does not write, made by the JDK's encoder: every sampling, restart markers, progressive or not. */
final class RandomJpegs {
    private static final String METADATA = "javax_imageio_jpeg_image_1.0";

    private RandomJpegs() {}

    /**
     * How a JPEG is written.
     *
     * @param factors horizontal and vertical sampling factors of luma, then of both chromas; null for a grey picture
     * @param restartInterval MCUs between restart markers, 0 for none
     */
    record Form(int width, int height, int[] factors, boolean progressive, int restartInterval, float quality) {
        @Override
        public String toString() {
            String sampling = factors == null
                    ? "grey"
                    : factors[0] + "x" + factors[1] + "," + factors[2] + "x" + factors[3] + "," + factors[4] + "x"
                            + factors[5];
            return width + " x " + height + " " + sampling + (progressive ? " progressive" : "") + " restart "
                    + restartInterval + " quality " + quality;
        }
    }

    /** Sampling factors luma, chroma, chroma: 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1, 4:1:0, and some that nobody writes. */
    static final int[][] SAMPLINGS = {
        {1, 1, 1, 1, 1, 1},
        {2, 1, 1, 1, 1, 1},
        {2, 2, 1, 1, 1, 1},
        {1, 2, 1, 1, 1, 1},
        {4, 1, 1, 1, 1, 1},
        {4, 2, 1, 1, 1, 1},
        {1, 4, 1, 1, 1, 1},
        {2, 2, 2, 1, 2, 1},
        {2, 2, 1, 2, 1, 2},
        {2, 2, 1, 1, 2, 1},
        {2, 2, 2, 2, 1, 1},
        {1, 1, 1, 1, 2, 2},
        {2, 1, 2, 1, 2, 1},
    };

    /** A form of one of the samplings, the last being grey; sides of up to {@code maxSide} pixels. */
    static Form form(Random random, int maxSide) {
        int sampling = random.nextInt(SAMPLINGS.length + 1);
        return new Form(
                side(random, maxSide),
                side(random, maxSide),
                sampling == SAMPLINGS.length ? null : SAMPLINGS[sampling],
                random.nextInt(3) == 0,
                random.nextInt(3) == 0 ? 1 + random.nextInt(7) : 0,
                0.3f + 0.7f * random.nextFloat());
    }

    private static int side(Random random, int maxSide) {
        return 1 + random.nextInt(random.nextInt(4) == 0 ? Math.min(maxSide, 40) : maxSide);
    }

    /** Patches of colour with hard edges and some noise: much for a transform to smear over the borders of blocks. */
    static byte[] jpeg(Form form, Random random) {
        int patch = 1 + random.nextInt(23);
        int[] colours = random.ints(997, 0, 256).toArray();
        return jpeg(form, (x, y, channel) -> {
            int colour = colours[(x / patch * 31 + y / patch * 57 + channel * 7) % colours.length];
            return Math.min(255, colour + random.nextInt(9));
        });
    }

    /** What is drawn: 0 to 255. */
    interface Drawing {
        int value(int x, int y, int channel);
    }

    static byte[] jpeg(Form form, Drawing drawing) {
        boolean grey = form.factors == null;
        BufferedImage image = new BufferedImage(
                form.width, form.height, grey ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_3BYTE_BGR);
        byte[] pixels = ((DataBufferByte) image.getRaster().getDataBuffer()).getData();
        int channels = grey ? 1 : 3;
        for (int i = 0; i < pixels.length; i++) {
            int pixel = i / channels;
            pixels[i] = (byte) drawing.value(pixel % form.width, pixel / form.width, i % channels);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            ImageWriteParam param = writer.getDefaultWriteParam();
            param.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            param.setCompressionQuality(form.quality);
            param.setProgressiveMode(form.progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
            writer.setOutput(stream);
            IIOMetadata metadata = writer.getDefaultImageMetadata(new ImageTypeSpecifier(image), param);
            describe(metadata, form);
            writer.write(null, new IIOImage(image, null, metadata), param);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        requireForm(out.toByteArray(), form);
        return out.toByteArray();
    }

    private static void describe(IIOMetadata metadata, Form form) throws IOException {
        Node root = metadata.getAsTree(METADATA);
        Node sequence = child(root, "markerSequence");
        if (form.factors != null) {
            NodeList components = child(sequence, "sof").getChildNodes();
            for (int i = 0; i < 3; i++) {
                IIOMetadataNode component = (IIOMetadataNode) components.item(i);
                component.setAttribute("HsamplingFactor", Integer.toString(form.factors[2 * i]));
                component.setAttribute("VsamplingFactor", Integer.toString(form.factors[2 * i + 1]));
            }
        }
        if (form.restartInterval > 0) {
            IIOMetadataNode restart = new IIOMetadataNode("dri");
            restart.setAttribute("interval", Integer.toString(form.restartInterval));
            sequence.insertBefore(restart, child(sequence, "sof"));
        }
        metadata.setFromTree(METADATA, root);
    }

    /** An encoder that ignored what it was told would make the tests say less than they seem to. */
    private static void requireForm(byte[] jpeg, Form form) {
        boolean restarts = false;
        for (int at = 2; ; at += 2 + ByteBuffer.wrap(jpeg).getShort(at + 2)) {
            int marker = jpeg[at + 1] & 0xff;
            if (marker == 0xdd) {
                restarts = true;
            } else if (marker == 0xc0 || marker == 0xc2) {
                boolean right = form.progressive == (marker == 0xc2);
                for (int i = 0; form.factors != null && i < 3; i++) {
                    right &= jpeg[at + 11 + 3 * i] == 16 * form.factors[2 * i] + form.factors[2 * i + 1];
                }
                if (!right) {
                    throw new IllegalStateException("the encoder did not write " + form);
                }
            } else if (marker == 0xda) {
                if (restarts != (form.restartInterval > 0)) {
                    throw new IllegalStateException("the encoder's restart markers are not those of " + form);
                }
                return;
            }
        }
    }

    private static Node child(Node parent, String name) {
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return node;
            }
        }
        throw new IllegalStateException("no " + name);
    }
}
