// What a card of NVIDIA's computes for a sound between matrix products: chains of small operations in one launch each.
// A single sound is so little work that launching is what takes the time.
//
// Everything is f32. Rows are in C order; the structures are those of rows.rs, attention.rs and codec.rs, field by
// field. No launch reads what the same launch writes.

constexpr unsigned ALL = 0xffffffffu;
constexpr int LANES = 32;

// As in attention.rs: MOST_BATCH.
constexpr int MOST_BATCH = 64;

__device__ float warp_sum(float x) {
    for (int step = LANES / 2; step > 0; step /= 2) x += __shfl_xor_sync(ALL, x, step);
    return x;
}

__device__ float warp_max(float x) {
    for (int step = LANES / 2; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(ALL, x, step));
    return x;
}

// Not fmaxf and the like at the ends of a range: NaN must come out as NaN, so that a bad sound is refused.
__device__ float activated(float x, int activation) {
    switch (activation) {
    case 1: return x / (1.0f + expf(-x));
    case 2: return 0.5f * x * (1.0f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));
    case 3: return 0.5f * x * (1.0f + erff(x * 0.7071067811865476f));
    default: return x;
    }
}

// --- Norms -----------------------------------------------------------------------------------------------------------

struct Norm {
    const float *x, *add, *add_bias, *weight, *bias, *scale, *shift;
    float *out;
    long long group_stride;
    int group_rows, rows, dim, add_rows, batch_rows, scale_stride, shift_stride, centred;
    float eps;
};

// A row per warp. It is read three times, from the cache, since its length is anything.
extern "C" __global__ void norm_rows(const Norm a) {
    const int lane = threadIdx.x % LANES;
    const int row = blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES;
    if (row >= a.rows) return;
    const float *x = a.x + row / a.group_rows * a.group_stride + (long long)(row % a.group_rows) * a.dim;
    const float *add = a.add ? a.add + (long long)(row % a.add_rows) * a.dim : nullptr;
    auto at = [&](int i) {
        float v = x[i];
        if (add) v += add[i];
        if (a.add_bias) v += a.add_bias[i];
        return v;
    };
    float mean = 0.0f;
    if (a.centred) {
        for (int i = lane; i < a.dim; i += LANES) mean += at(i);
        mean = warp_sum(mean) / a.dim;
    }
    float squares = 0.0f;
    for (int i = lane; i < a.dim; i += LANES) {
        const float v = at(i) - mean;
        squares += v * v;
    }
    const float factor = 1.0f / sqrtf(warp_sum(squares) / a.dim + a.eps);
    const float *scale = a.scale ? a.scale + (long long)(row / a.batch_rows) * a.scale_stride : nullptr;
    const float *shift = a.shift ? a.shift + (long long)(row / a.batch_rows) * a.shift_stride : nullptr;
    float *out = a.out + (long long)row * a.dim;
    for (int i = lane; i < a.dim; i += LANES) {
        float v = (at(i) - mean) * factor;
        if (a.weight) v *= a.weight[i];
        if (a.bias) v += a.bias[i];
        if (scale) v *= 1.0f + scale[i];
        if (shift) v += shift[i];
        out[i] = v;
    }
}

// --- Element by element ----------------------------------------------------------------------------------------------

struct ScaleShift {
    const float *x, *bias, *scale, *shift;
    float *out;
    long long count, batch_count;
    int dim, scale_stride, shift_stride, shift_is_whole;
};

extern "C" __global__ void scale_shift(const ScaleShift a) {
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= a.count) return;
    const int channel = at % a.dim;
    const long long batch = at / a.batch_count;
    const float bias = a.bias ? a.bias[channel] : 0.0f;
    const float shift = a.shift[a.shift_is_whole ? at : batch * a.shift_stride + channel];
    a.out[at] = fmaf(a.x[at] + bias, a.scale[batch * a.scale_stride + channel], shift);
}

struct Activate {
    const float *x, *bias, *add;
    float *out;
    long long count;
    int dim, activation;
};

extern "C" __global__ void activate(const Activate a) {
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= a.count) return;
    float v = a.x[at];
    if (a.bias) v += a.bias[at % a.dim];
    if (a.add) v += a.add[at];
    a.out[at] = activated(v, a.activation);
}

struct SwiGlu {
    const float *gate, *value;
    float *out;
    long long count;
};

extern "C" __global__ void swiglu(const SwiGlu a) {
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= a.count) return;
    a.out[at] = activated(a.gate[at], 1) * a.value[at];
}

// --- A linear map of a few rows --------------------------------------------------------------------------------------

struct Linear {
    const float *x, *weight, *bias;
    float *out;
    int in_dim, out_dim, activation;
};

// A block makes 32 columns of a row; its warps share the inputs among them.
constexpr int LINEAR_WARPS = 8;

extern "C" __global__ void linear_few(const Linear a) {
    __shared__ float parts[LINEAR_WARPS][LANES];
    const int lane = threadIdx.x % LANES, warp = threadIdx.x / LANES;
    const int column = blockIdx.x * LANES + lane;
    const float *x = a.x + (long long)blockIdx.y * a.in_dim;
    float sum = 0.0f;
    if (column < a.out_dim) {
        for (int i = warp; i < a.in_dim; i += LINEAR_WARPS) {
            sum = fmaf(x[i], a.weight[(long long)i * a.out_dim + column], sum);
        }
    }
    parts[warp][lane] = sum;
    __syncthreads();
    if (warp > 0 || column >= a.out_dim) return;
    float total = a.bias ? a.bias[column] : 0.0f;
    for (int i = 0; i < LINEAR_WARPS; ++i) total += parts[i][lane];
    a.out[(long long)blockIdx.y * a.out_dim + column] = activated(total, a.activation);
}

// --- Attention -------------------------------------------------------------------------------------------------------

struct Attention {
    const float *query, *key, *value, *query_bias, *key_bias, *value_bias, *cos, *sin;
    const float *text_key, *text_value, *gate;
    float *out;
    int queries, keys, text_keys, heads, head_dim;
    float scale;
    unsigned lengths[MOST_BATCH], text_lengths[MOST_BATCH];
};

constexpr int ATTENTION_WARPS = 4;
// Queries of a warp and of a block.
constexpr int WARP_QUERIES = 2;
constexpr int QUERIES = ATTENTION_WARPS * WARP_QUERIES;
// As in attention.rs: MOST_HEAD_DIM.
constexpr int MOST_HEAD_DIM = 128;
constexpr int SLOTS = MOST_HEAD_DIM / LANES;

struct Shared {
    float query[QUERIES][MOST_HEAD_DIM];
    // A word longer than a row: lanes read the same channel of different keys.
    float key[LANES][MOST_HEAD_DIM + 1];
    float value[LANES][MOST_HEAD_DIM];
};

// Keys and values that are attended to: those of one head in one batch row.
struct Source {
    const float *key, *value, *key_bias, *value_bias, *cos, *sin;
    int length;
};

// Rows of a head to `to`, turned by their position where there are cosines. Rows from `end` on become zero.
template <int STRIDE>
__device__ void load(float (*to)[STRIDE], int rows, const float *from, const float *bias, const float *cos,
                     const float *sin, int first, int end, int dim, int head_dim) {
    const int half = head_dim / 2;
    for (int i = threadIdx.x; i < rows * half; i += blockDim.x) {
        const int row = i / half, pair = i % half, position = first + row;
        float x = 0.0f, y = 0.0f;
        if (position < end) {
            const float *at = from + (long long)position * dim + 2 * pair;
            x = at[0];
            y = at[1];
            if (bias) {
                x += bias[2 * pair];
                y += bias[2 * pair + 1];
            }
            if (cos) {
                const float c = cos[position * half + pair], s = sin[position * half + pair];
                const float turned = x * c - y * s;
                y = x * s + y * c;
                x = turned;
            }
        }
        to[row][2 * pair] = x;
        to[row][2 * pair + 1] = y;
    }
}

// Adds `weight` times what the warp's queries read from `source` to `out`. The soft-max runs along with its largest
// logit so far.
__device__ void attend(Shared &s, const Source source, const Attention &a, const float weight,
                       float (&out)[WARP_QUERIES][SLOTS]) {
    const int lane = threadIdx.x % LANES, warp = threadIdx.x / LANES;
    const int dim = a.heads * a.head_dim;
    float most[WARP_QUERIES], total[WARP_QUERIES], sum[WARP_QUERIES][SLOTS];
    for (int j = 0; j < WARP_QUERIES; ++j) {
        most[j] = -INFINITY;
        total[j] = 0.0f;
        for (int slot = 0; slot < SLOTS; ++slot) sum[j][slot] = 0.0f;
    }
    for (int first = 0; first < source.length; first += LANES) {
        __syncthreads();
        load(s.key, LANES, source.key, source.key_bias, source.cos, source.sin, first, source.length, dim, a.head_dim);
        load(s.value, LANES, source.value, source.value_bias, nullptr, nullptr, first, source.length, dim, a.head_dim);
        __syncthreads();
        const bool exists = first + lane < source.length;
        for (int j = 0; j < WARP_QUERIES; ++j) {
            const float *query = s.query[warp * WARP_QUERIES + j];
            float product = 0.0f;
            for (int i = 0; i < a.head_dim; ++i) product = fmaf(query[i], s.key[lane][i], product);
            const float logit = exists ? product * a.scale : -INFINITY;
            const float top = fmaxf(most[j], warp_max(logit));
            const float mine = exists ? expf(logit - top) : 0.0f;
            const float kept = expf(most[j] - top);
            most[j] = top;
            total[j] = total[j] * kept + warp_sum(mine);
            for (int slot = 0; slot < SLOTS; ++slot) sum[j][slot] *= kept;
            for (int i = 0; i < LANES; ++i) {
                const float share = __shfl_sync(ALL, mine, i);
                for (int slot = 0; slot < SLOTS; ++slot) {
                    const int channel = slot * LANES + lane;
                    if (channel < a.head_dim) sum[j][slot] = fmaf(share, s.value[i][channel], sum[j][slot]);
                }
            }
        }
    }
    for (int j = 0; j < WARP_QUERIES; ++j) {
        for (int slot = 0; slot < SLOTS; ++slot) out[j][slot] += weight * (sum[j][slot] / total[j]);
    }
}

// Blocks: queries, heads, batch rows.
extern "C" __global__ void __launch_bounds__(ATTENTION_WARPS *LANES) attention(const Attention a) {
    __shared__ Shared s;
    const int first = blockIdx.x * QUERIES, head = blockIdx.y, batch = blockIdx.z;
    const int dim = a.heads * a.head_dim, at = head * a.head_dim;
    auto rows = [&](const float *x, int count) { return x + (long long)batch * count * dim + at; };
    auto part = [&](const float *bias) { return bias ? bias + at : nullptr; };
    load(s.query, QUERIES, rows(a.query, a.queries), part(a.query_bias), a.cos, a.sin, first, a.queries, dim, a.head_dim);
    float out[WARP_QUERIES][SLOTS] = {};
    const Source own = {rows(a.key, a.keys), rows(a.value, a.keys), part(a.key_bias), part(a.value_bias),
                        a.cos, a.sin, (int)a.lengths[batch]};
    attend(s, own, a, 1.0f, out);
    if (a.text_key) {
        const Source text = {rows(a.text_key, a.text_keys), rows(a.text_value, a.text_keys), nullptr, nullptr,
                             nullptr, nullptr, (int)a.text_lengths[batch]};
        attend(s, text, a, tanhf(a.gate[head]), out);
    }
    const int lane = threadIdx.x % LANES, warp = threadIdx.x / LANES;
    for (int j = 0; j < WARP_QUERIES; ++j) {
        const int query = first + warp * WARP_QUERIES + j;
        if (query >= a.queries) continue;
        for (int slot = 0; slot < SLOTS; ++slot) {
            const int channel = slot * LANES + lane;
            if (channel < a.head_dim) {
                a.out[((long long)batch * a.queries + query) * dim + at + channel] = out[j][slot];
            }
        }
    }
}

// --- Codec -----------------------------------------------------------------------------------------------------------

struct Cross {
    const float *x, *time, *band, *kernel_bias, *weight, *bias;
    float *out;
    int rows, tokens, bands, dim, taps;
    float eps;
};

// MOST_CROSS_DIM of codec.rs in lanes.
constexpr int CROSS_SLOTS = 8;

// Correlations along time and along frequency, then a layer norm: a grid point per warp.
extern "C" __global__ void cross_norm(const Cross a) {
    const int lane = threadIdx.x % LANES;
    const int row = blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES;
    if (row >= a.rows) return;
    const int band = row % a.bands, token = row / a.bands % a.tokens;
    float v[CROSS_SLOTS];
    float mean = 0.0f;
    for (int slot = 0; slot < CROSS_SLOTS; ++slot) {
        const int i = slot * LANES + lane;
        v[slot] = 0.0f;
        if (i >= a.dim) continue;
        float sum = a.kernel_bias[i];
        for (int tap = 0; tap < a.taps; ++tap) {
            const int away = tap - a.taps / 2;
            if (token + away >= 0 && token + away < a.tokens) {
                const long long at = (row + (long long)away * a.bands) * a.dim + i;
                sum = fmaf(a.x[at], a.time[tap * a.dim + i], sum);
            }
            if (band + away >= 0 && band + away < a.bands) {
                const long long at = ((long long)row + away) * a.dim + i;
                sum = fmaf(a.x[at], a.band[tap * a.dim + i], sum);
            }
        }
        v[slot] = sum;
        mean += sum;
    }
    mean = warp_sum(mean) / a.dim;
    float squares = 0.0f;
    for (int slot = 0; slot < CROSS_SLOTS; ++slot) {
        if (slot * LANES + lane < a.dim) squares += (v[slot] - mean) * (v[slot] - mean);
    }
    const float factor = 1.0f / sqrtf(warp_sum(squares) / a.dim + a.eps);
    for (int slot = 0; slot < CROSS_SLOTS; ++slot) {
        const int i = slot * LANES + lane;
        if (i < a.dim) a.out[(long long)row * a.dim + i] = (v[slot] - mean) * factor * a.weight[i] + a.bias[i];
    }
}

struct Frames {
    const float *part, *bias;
    float *out;
    long long count;
    int bands, frames, bins, first_bin, all_bins, is_last;
    float scale, offset;
};

// One group of equal bands, [tokens, bands, 2, frames, bins], to its bins in [tokens * frames, 2 * all_bins]. The last
// group writes its last bin twice.
extern "C" __global__ void frames(const Frames a) {
    const long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= a.count) return;
    const int per_band = 2 * a.frames * a.bins;
    const int inside = at % per_band;
    const int bin = inside % a.bins, frame = inside / a.bins % a.frames, half = inside / (a.bins * a.frames);
    const int band = at / per_band % a.bands;
    const long long token = at / per_band / a.bands;
    const float value = fmaf(a.part[at] + a.bias[inside], a.scale, a.offset);
    float *out = a.out + (token * a.frames + frame) * 2 * a.all_bins + half * a.all_bins;
    out[a.first_bin + band * a.bins + bin] = value;
    if (a.is_last && band == a.bands - 1 && bin == a.bins - 1) out[a.all_bins - 1] = value;
}
