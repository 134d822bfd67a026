// Turn a camera picture into the input of a network in one pass: shrink or warp, reorder the
// colours, subtract the mean, scale. The reference in NumPy is edge/workers/face/trt/picture.py;
// both must stay in step, and a change here changes the key of every engine.
//
// For output pixel (x, y) the matrix m gives its centre in the source, in pixels whose centres
// are whole numbers. `area`: the mean of exactly the area under an output pixel, for a frame that is
// shrunk without being turned. Else `taps` x `taps` points, over `spread` of an output pixel, are
// read bilinearly with black around the picture and averaged, for a face that is turned upright.

extern "C" {

__device__ __forceinline__ float read_one(const unsigned char* source, int width, int height,
                                          int pitch, int channels, int channel, int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) return 0.0f;
    return (float)source[(size_t)y * pitch + (size_t)x * channels + channel];
}

__device__ __forceinline__ float sample(const unsigned char* source, int width, int height,
                                        int pitch, int channels, int channel, float x, float y) {
    float left = floorf(x), top = floorf(y);
    float fx = x - left, fy = y - top;
    // Far outside a float no longer fits an int.
    left = fminf(fmaxf(left, -2.0f), (float)width + 1.0f);
    top = fminf(fmaxf(top, -2.0f), (float)height + 1.0f);
    int x0 = (int)left, y0 = (int)top;
    float a = read_one(source, width, height, pitch, channels, channel, x0, y0);
    float b = read_one(source, width, height, pitch, channels, channel, x0 + 1, y0);
    float c = read_one(source, width, height, pitch, channels, channel, x0, y0 + 1);
    float d = read_one(source, width, height, pitch, channels, channel, x0 + 1, y0 + 1);
    float upper = a + (b - a) * fx;
    float lower = c + (d - c) * fx;
    return upper + (lower - upper) * fy;
}

// The mean over [x0, x1) x [y0, y1) in pixel edges; inside the picture except for rounding.
__device__ __forceinline__ float mean_of(const unsigned char* source, int width, int height,
                                         int pitch, int channels, int channel, float x0, float x1,
                                         float y0, float y1) {
    int left = max(0, (int)floorf(x0)), right = min(width, (int)ceilf(x1));
    int top = max(0, (int)floorf(y0)), bottom = min(height, (int)ceilf(y1));
    float sum = 0.0f, weight = 0.0f;
    for (int row = top; row < bottom; ++row) {
        float tall = fminf((float)(row + 1), y1) - fmaxf((float)row, y0);
        for (int column = left; column < right; ++column) {
            float share = tall * (fminf((float)(column + 1), x1) - fmaxf((float)column, x0));
            sum += share * (float)source[(size_t)row * pitch + (size_t)column * channels + channel];
            weight += share;
        }
    }
    return weight > 0.0f ? sum / weight : 0.0f;
}

// target: 3 x out_height x out_width floats. Pixels at or beyond inside_width, inside_height are
// black before mean and scale. first is the source channel of plane 0, step the way to the next.
__global__ void place_picture(const unsigned char* source, float* target, int width, int height,
                              int pitch, int channels, int first, int step, int out_width,
                              int out_height, int inside_width, int inside_height, int area,
                              int taps, int rounded, float m0, float m1, float m2, float m3,
                              float m4, float m5, float mean0, float mean1, float mean2,
                              float scale, float spread) {
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= out_width || y >= out_height) return;
    const float means[3] = {mean0, mean1, mean2};
    bool inside = x < inside_width && y < inside_height;
    for (int plane = 0; plane < 3; ++plane) {
        int channel = first + step * plane;
        float value = 0.0f;
        if (inside && area) {
            value = mean_of(source, width, height, pitch, channels, channel, m0 * (float)x,
                            m0 * (float)(x + 1), m4 * (float)y, m4 * (float)(y + 1));
        } else if (inside) {
            for (int j = 0; j < taps; ++j) {
                float py = (float)y + (((float)j + 0.5f) / (float)taps - 0.5f) * spread;
                for (int i = 0; i < taps; ++i) {
                    float px = (float)x + (((float)i + 0.5f) / (float)taps - 0.5f) * spread;
                    value += sample(source, width, height, pitch, channels, channel,
                                    m0 * px + m1 * py + m2, m3 * px + m4 * py + m5);
                }
            }
            value /= (float)(taps * taps);
        }
        if (rounded) value = rintf(value);
        target[((size_t)plane * out_height + y) * out_width + x] = (value - means[plane]) * scale;
    }
}

}  // extern "C"
