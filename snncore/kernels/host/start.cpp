// Starts kernels of CUDA's driver, or functions of the CPU, on the memory of tensors.

#include <ATen/core/Tensor.h>
#include <c10/util/SmallVector.h>
#include <dlfcn.h>

#include <string>
#include <vector>

namespace {

using at::ScalarType;
using at::Tensor;

// As ROLES in loop.py names them. Kernels outside of loops call every tensor an input.
enum Role : int64_t {
    INPUT, SPIKES, STATE, LAST, PARAMETER,
    ARRIVED, TO_INPUT, LATER, TO_STATE, SHARE, NOTES,
    NUMBER
};

struct Kernel {
    void *function = nullptr;
    unsigned grid = 0, threads = 0, shared = 0;
    // Of kernels that were built for the CPU: whether threads wait for one another.
    int waits = 0;
    bool on_cpu = false;
    // A tensor's role and its place among those of this role; or a number's bits.
    std::vector<std::pair<Role, int64_t>> arguments;
    // Pointers after the arguments, which Triton adds for scratch memory; null here.
    size_t more = 0;
};

// CUDA's driver, which torch has loaded already.

using LaunchKernel = int (*)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                             unsigned, void *, void **, void **);
using ParameterInfo = int (*)(void *, size_t, size_t *, size_t *);
using OnCpu = int (*)(const unsigned *, size_t, int, void **);

void *driver(const char *symbol) {
    static void *library = dlopen("libcuda.so.1", RTLD_NOW);
    return library ? dlsym(library, symbol) : nullptr;
}

// Count the kernel's pointers after these arguments; -1 if the kernel does not take them.
int64_t pointers_after(void *function, const std::vector<std::pair<Role, int64_t>> &arguments) {
    static auto info = reinterpret_cast<ParameterInfo>(driver("cuFuncGetParamInfo"));
    if (!info) return -1;
    size_t count = 0, offset = 0, size = 0;
    for (; info(function, count, &offset, &size) == 0; ++count) {
        bool number = count < arguments.size() && arguments[count].first == NUMBER;
        if (size != 8 && !(number && size == 4)) return -1;
    }
    return count < arguments.size() ? -1 : static_cast<int64_t>(count - arguments.size());
}

// Fill in a kernel; return false if it does not take these arguments.
bool fill(Kernel &kernel, int64_t function, at::IntArrayRef measures, at::IntArrayRef arguments,
          bool on_cpu) {
    kernel.function = reinterpret_cast<void *>(function);
    kernel.grid = measures[0];
    kernel.threads = measures[1];
    kernel.shared = measures[2];
    kernel.waits = measures[3];
    kernel.on_cpu = on_cpu;
    for (size_t n = 0; n + 1 < arguments.size(); n += 2)
        kernel.arguments.emplace_back(static_cast<Role>(arguments[n]), arguments[n + 1]);
    if (on_cpu) return true;
    auto more = pointers_after(kernel.function, kernel.arguments);
    if (more < 0 || more > 2) return false;
    kernel.more = more;
    return true;
}

constexpr uintptr_t ALIGNED = 16;

// Start a kernel; return false, and start nothing, if a tensor's memory is not aligned.
template <class Find> bool start(const Kernel &kernel, void *stream, Find tensor) {
    c10::SmallVector<int64_t, 40> values;
    for (const auto &[role, value] : kernel.arguments) {
        if (role == NUMBER) {
            values.push_back(value);
            continue;
        }
        auto place = reinterpret_cast<uintptr_t>(tensor(role, value).const_data_ptr());
        if (place % ALIGNED) return false;
        values.push_back(static_cast<int64_t>(place));
    }
    values.resize(values.size() + kernel.more, 0);
    c10::SmallVector<void *, 40> places;
    for (auto &value : values) places.push_back(&value);
    int failed = 0;
    if (kernel.on_cpu) {
        unsigned sizes[6] = {kernel.grid, 1, 1, kernel.threads, 1, 1};
        auto function = reinterpret_cast<OnCpu>(kernel.function);
        failed = function(sizes, kernel.shared, kernel.waits, places.data());
    } else {
        static auto function = reinterpret_cast<LaunchKernel>(driver("cuLaunchKernel"));
        failed = function(kernel.function, kernel.grid, 1, 1, kernel.threads, 1, 1,
                          kernel.shared, stream, places.data(), nullptr);
    }
    // One string: streams of another compiler's standard library than torch's may crash.
    TORCH_CHECK(failed == 0, "a kernel did not start: CUDA's error " + std::to_string(failed));
    return true;
}

}  // namespace
