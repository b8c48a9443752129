/**
 * The Spark job that turns pictures into a dataset of embeddings.
 *
 * <p>{@link org.imagesearch.embed.EmbedCommand} is the program. The input is found ({@code InputPictures}) and every picture
 * given its id and its wave ({@code Listing}), then the driver commits wave after wave ({@code WaveJob}, {@code DatasetFolder}). A task hands its
 * pictures to the executor's pipeline and takes rows out of it ({@code PictureRows}); all tasks of an executor share that pipeline,
 * which reads, decodes and fills batches ({@code PicturePipeline}), and the model at its end ({@code ExecutorModel}).
 *
 * <p>{@link org.imagesearch.embed.ImportCommand} runs the same job with embeddings that are there already: another listing
 * ({@code ImportedPictures}), other rows ({@code ImportedRows}). {@link org.imagesearch.embed.ExportCommand} and
 * {@link org.imagesearch.embed.QueryCommand} read a dataset.
 *
 * <p>A wave is computed into {@code _staging/}; then its failures are moved into place, then its pictures: the move to
 * {@code images/wave=N} is the commit. What the next start finds in {@code _staging/} and no move has begun with is left over from a
 * killed run.
 */
package org.imagesearch.embed;
