// Opens the photo picker, classifies the photo on the phone, shows the top 3.
//
// Needs minSdk 28, androidx.activity, com.google.mediapipe:tasks-vision and
// src/main/assets/model.tflite. docs/ANDROID.md has the Gradle lines.

package com.example.classifier

import android.graphics.Bitmap
import android.graphics.ColorSpace
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.util.Log
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import com.google.mediapipe.framework.image.BitmapImageBuilder
import com.google.mediapipe.tasks.core.BaseOptions
import com.google.mediapipe.tasks.vision.imageclassifier.ImageClassifier
import com.google.mediapipe.tasks.vision.imageclassifier.ImageClassifierResult
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.Executors

private const val TAG = "ImageClassifier"
private const val MODEL = "model.tflite" // or model.int8.tflite, in assets
private const val LONGEST_SIDE = 4096 // of a decoded photo: 64 MiB at most

class ImageClassifierActivity : ComponentActivity() {
    // All slow work runs on this thread, one thing after the other.
    private val worker = Executors.newSingleThreadExecutor()
    private val classifier = lazy { openClassifier() } // of the worker
    private val inputSize by lazy { readInputSize() } // of the worker, too

    private lateinit var picture: ImageView
    private lateinit var answer: TextView

    private val picker =
        registerForActivityResult(PickVisualMedia()) { photo: Uri? ->
            if (photo != null) {
                answer.text = "..."
                worker.execute { classify(photo) }
            }
        }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val button = Button(this)
        button.text = "Choose a photo"
        button.setOnClickListener {
            picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
        }
        answer = TextView(this)
        picture = ImageView(this)
        val column = LinearLayout(this)
        column.orientation = LinearLayout.VERTICAL
        column.fitsSystemWindows = true // not below the status bar
        column.addView(button)
        column.addView(answer)
        column.addView(
            picture,
            LinearLayout.LayoutParams(MATCH_PARENT, 0, 1f),
        )
        setContentView(column)
    }

    override fun onDestroy() {
        worker.execute {
            if (classifier.isInitialized()) classifier.value.close()
        }
        worker.shutdown() // after what is queued
        super.onDestroy()
    }

    private fun openClassifier(): ImageClassifier {
        val file = BaseOptions.builder().setModelAssetPath(MODEL).build()
        val options =
            ImageClassifier.ImageClassifierOptions.builder()
                .setBaseOptions(file)
                .setMaxResults(3)
                .build()
        return ImageClassifier.createFromOptions(applicationContext, options)
    }

    /**
     * Reads the shorter side of the input from the file.
     *
     * A .tflite file is a flatbuffer: the model's third field is the list of
     * graphs, of which the first has tensors (field 0) and the indices of its
     * inputs (field 1); a tensor's field 0 is its shape: batch, height, width.
     */
    private fun readInputSize(): Int {
        val bytes = assets.open(MODEL).use { it.readBytes() }
        val file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
        fun follow(place: Int) = place + file.getInt(place)
        fun field(table: Int, number: Int): Int {
            val fields = table - file.getInt(table)
            return table + file.getShort(fields + 4 + 2 * number)
        }
        fun element(vector: Int, index: Int) = vector + 4 + 4 * index
        val graphs = follow(field(follow(0), 2))
        val graph = follow(element(graphs, 0))
        val image = file.getInt(element(follow(field(graph, 1)), 0))
        val tensor = follow(element(follow(field(graph, 0)), image))
        val shape = follow(field(tensor, 0))
        return minOf(
            file.getInt(element(shape, 1)),
            file.getInt(element(shape, 2)),
        )
    }

    private fun classify(photo: Uri) {
        try {
            val bitmap = decode(photo)
            val image = BitmapImageBuilder(shrink(bitmap)).build()
            val text = describe(classifier.value.classify(image))
            runOnUiThread {
                picture.setImageBitmap(bitmap)
                answer.text = text
            }
        } catch (error: Exception) { // the decoder's, or MediaPipe's
            Log.e(TAG, "no answer for $photo", error)
            runOnUiThread {
                picture.setImageBitmap(null)
                answer.text = error.message ?: error.toString()
            }
        }
    }

    /** Reads the photo upright, for ImageDecoder turns it by its EXIF tag. */
    private fun decode(photo: Uri): Bitmap {
        val source = ImageDecoder.createSource(contentResolver, photo)
        val bitmap =
            ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
                // MediaPipe reads pixels, which hardware bitmaps do not give.
                decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
                decoder.setTargetColorSpace(
                    ColorSpace.get(ColorSpace.Named.SRGB)
                )
                val longest = maxOf(info.size.width, info.size.height)
                decoder.setTargetSampleSize(
                    (longest + LONGEST_SIDE - 1) / LONGEST_SIDE
                )
            }
        // Pictures of 16 bits are decoded as such.
        return if (bitmap.config == Bitmap.Config.ARGB_8888) bitmap
        else bitmap.copy(Bitmap.Config.ARGB_8888, false)
    }

    /**
     * Halves the photo until it is less than twice the size of the input.
     *
     * MediaPipe takes four neighbours for each pixel of the input, wherever
     * they lie; of a large photo it would skip the pixels in between, while
     * the training averaged them. Halving averages them too.
     */
    private fun shrink(photo: Bitmap): Bitmap {
        var small = photo
        while (minOf(small.width, small.height) >= 2 * inputSize) {
            small =
                Bitmap.createScaledBitmap(
                    small,
                    small.width / 2,
                    small.height / 2,
                    true,
                )
        }
        return small
    }

    private fun describe(result: ImageClassifierResult): String =
        result.classificationResult()
            .classifications()
            .first()
            .categories()
            .joinToString("\n") { category ->
                // A file without labels has numbers only.
                val name =
                    category.categoryName().ifEmpty { "${category.index()}" }
                "%s  %.1f %%".format(name, 100 * category.score())
            }
}
