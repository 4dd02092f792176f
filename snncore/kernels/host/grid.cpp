// Sums of weights that are rounded to a chip's grid, without Python: a norm's statistics, its
// folding, the rounding and the convolutions, in one call, with the nodes of autograd.
//
// A plan is entered once for each form of a layer's call. What does not fit its plan is left to
// Python.

#include <ATen/core/Tensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/DispatchKeySet.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

#include <deque>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace {

using Optional = std::optional<Tensor>;

std::deque<Kernel> kernels;

struct Plan {
    // Fold and round, and back; a channel's statistics by image, and back; round sums.
    const Kernel *forth = nullptr, *back = nullptr, *reduce = nullptr, *apart = nullptr;
    const Kernel *snap = nullptr;
    bool normed = false, biased = false, learned = false, narrow = false;
    int64_t rows = 0, length = 0, images = 0;
    // What the gradient of the unit's logarithm is divided by.
    double spread = 1;
    // The sizes of the input, of which so many are one sample's.
    std::vector<int64_t> sizes;
    int64_t axes = 0;
    // No geometry is that of a dense layer.
    std::vector<int64_t> stride, padding, dilation;
    int64_t groups = 1;

    bool offsets() const { return normed || biased; }

    // A bias's integers, in the shape that meets a step.
    Tensor offset(const Tensor &like) const {
        c10::SmallVector<int64_t, 4> shape(std::max<int64_t>(axes, 1), 1);
        shape[0] = rows;
        return at::empty(shape, like.options().dtype(narrow ? at::kFloat : at::kDouble));
    }
};

std::deque<Plan> plans;

template <class List> auto &entry(List &list, int64_t number, const char *kind) {
    std::shared_lock lock(growing);
    bool known = number >= 0 && number < static_cast<int64_t>(list.size());
    TORCH_CHECK(known, "there is no " + std::string(kind) + " " + std::to_string(number));
    return list[number];
}

const Kernel *kernel_of(int64_t number) {
    return number < 0 ? nullptr : &entry(kernels, number, "kernel");
}

// The tensors of a kernel in their order; for one that is missing, another that is not looked at.
bool start_on(const Kernel &kernel, void *stream, at::ArrayRef<Tensor> tensors) {
    return start(kernel, stream, [&](Role, int64_t n) -> const Tensor & {
        return tensors[n].defined() ? tensors[n] : tensors[0];
    });
}

bool is_plain(const Tensor &tensor, const Tensor &like) {
    return tensor.scalar_type() == at::kFloat && tensor.is_contiguous() &&
           tensor.device() == like.device();
}

// A gradient as kernels read it.
Tensor readable(const Tensor &gradient) {
    auto whole = gradient.contiguous();
    bool aligned = reinterpret_cast<uintptr_t>(whole.const_data_ptr()) % ALIGNED == 0;
    return aligned ? whole : whole.clone();
}

torch::autograd::Edge edge_of(const Tensor &tensor) {
    if (!tensor.defined() || !tensor.requires_grad()) return {};
    return torch::autograd::impl::gradient_edge(tensor);
}

template <class Kind> auto with_edges(Kind *node, at::ArrayRef<Tensor> tensors) {
    auto owner = owned<decltype(torch::autograd::Edge::function)>(node);
    torch::autograd::edge_list edges;
    for (const auto &tensor : tensors) edges.push_back(edge_of(tensor));
    node->set_next_edges(std::move(edges));
    return owner;
}

bool learns(at::ArrayRef<Tensor> tensors) {
    bool any = false;
    if (c10::GradMode::is_enabled())
        for (const auto &tensor : tensors) any |= tensor.defined() && tensor.requires_grad();
    return any;
}

// --- Folding and rounding ---

// In their order: those with gradients, and the unit.
enum Part { SUMS, WEIGHT, LOG2, MEAN, VARIANCE, GAIN, SHIFT, ITS_BIAS, PARTS };

struct FoldBackward : torch::autograd::Node {
    const Plan *plan = nullptr;
    // The engine runs a node on the stream of its forward.
    void *stream = nullptr;
    bool released = false;
    std::vector<torch::autograd::SavedVariable> saved;
    torch::autograd::SavedVariable unit;

    std::string name() const override { return "FoldBackward"; }

    void release_variables() override {
        std::lock_guard<std::mutex> lock(mutex_);
        for (auto &variable : saved) variable.reset_data();
        unit.reset_data();
        released = true;
    }

    variable_list apply(variable_list &&arrived) override {
        at::AutoDispatchBelowADInplaceOrView below;
        std::vector<Tensor> parts;
        Tensor size;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            TORCH_CHECK(!released, torch::autograd::ERR_BACKWARD_TWICE);
            for (auto &variable : saved) parts.push_back(variable.unpack());
            size = unit.unpack();
        }
        const auto &weight = parts[WEIGHT];
        c10::DeviceGuard on(weight.device());
        auto rounded = arrived[0].defined() ? readable(arrived[0]) : at::zeros_like(weight);
        bool moves = arrived.size() > 1 && arrived[1].defined();
        auto offset = moves ? readable(arrived[1]) : plan->offset(weight).zero_();
        variable_list results(PARTS);
        results[WEIGHT] = at::empty_like(weight);
        for (int n = MEAN; n < PARTS; ++n)
            if (parts[n].defined()) results[n] = at::empty_like(parts[n]);
        Tensor logs;
        if (plan->learned) logs = at::empty({plan->rows}, weight.options());
        bool started = start_on(
            *plan->back, stream,
            {weight, size, parts[MEAN], parts[VARIANCE], parts[GAIN], parts[SHIFT],
             parts[ITS_BIAS], rounded, offset, results[WEIGHT], results[MEAN], results[VARIANCE],
             results[GAIN], results[SHIFT], results[ITS_BIAS], logs});
        TORCH_CHECK(started, "a gradient's memory is not aligned");
        if (plan->learned) results[LOG2] = of_unit(logs, parts[LOG2]);
        if (parts[SUMS].defined()) {
            if (task_should_compute_output(SUMS)) results[SUMS] = of_sums(parts, results[MEAN]);
            // The kernel wrote those of means and variances one after the other.
            results[MEAN] = Tensor();
        }
        for (size_t n = 0; n < PARTS; ++n)
            if (!task_should_compute_output(n)) results[n] = Tensor();
        return results;
    }

    Tensor of_unit(const Tensor &logs, const Tensor &log2) const {
        auto total = log2.numel() == 1 ? at::sum(logs) : logs;
        return total.div(plan->spread).reshape(log2.sizes()).to(log2.scalar_type());
    }

    Tensor of_sums(const std::vector<Tensor> &parts, const Tensor &moments) const {
        auto result = at::empty_like(parts[SUMS]);
        start_on(*plan->apart, stream, {parts[SUMS], parts[MEAN], moments, result});
        return result;
    }
};

// Return the rounded weights, and the integers of the bias if there are any; nothing if a
// tensor's memory is not aligned. `running` are a norm's statistics, which a batch's move.
std::vector<Tensor> fold(const Plan &plan, void *stream, std::vector<Tensor> parts,
                         const Tensor &unit, const Tensor &flag, at::TensorList running) {
    const auto &weight = parts[WEIGHT];
    Tensor rounded, offset;
    bool any = learns(parts);
    {
        at::AutoDispatchBelowADInplaceOrView below;
        Tensor reduced;
        if (plan.reduce) {
            const auto &sums = parts[SUMS];
            reduced = at::empty({2, plan.rows, plan.images}, sums.options());
            if (!start_on(*plan.reduce, stream, {sums, reduced})) return {};
            parts[MEAN] = at::empty({2, plan.rows}, sums.options());
        } else if (plan.normed) {
            parts[MEAN] = running[0];
            parts[VARIANCE] = running[1];
        }
        rounded = at::empty_like(weight);
        if (plan.offsets()) offset = plan.offset(weight);
        bool moves = plan.reduce != nullptr;
        Tensor none;
        if (!start_on(*plan.forth, stream,
                      {weight, rounded, unit, parts[MEAN], parts[VARIANCE], parts[GAIN],
                       parts[SHIFT], parts[ITS_BIAS], offset, flag, reduced,
                       moves ? running[0] : none, moves ? running[1] : none,
                       moves ? running[2] : none}))
            return {};
    }
    std::vector<Tensor> results{rounded};
    if (offset.defined()) results.push_back(offset);
    if (!any) return results;
    auto *node = new FoldBackward;
    auto owner = with_edges(node, parts);
    node->plan = &plan;
    node->stream = stream;
    for (const auto &part : parts) node->saved.emplace_back(part, false);
    node->unit = torch::autograd::SavedVariable(unit, false);
    for (auto &result : results) torch::autograd::set_history(result, owner);
    return results;
}

// --- Sums ---

struct SnapBackward : torch::autograd::Node {
    std::string name() const override { return "SnapBackward"; }

    variable_list apply(variable_list &&arrived) override { return {arrived[0]}; }
};

Tensor weighted(const Plan &plan, const Tensor &x, const Tensor &weight, const Optional &bias) {
    if (plan.stride.empty()) return at::linear(x, weight, bias);
    std::vector<int64_t> zeros(plan.stride.size(), 0);
    return at::convolution(x, weight, bias, plan.stride, plan.padding, plan.dilation, false, zeros,
                           plan.groups);
}

// Return the sums, rounded to whole units if the plan says so; undefined if they cannot be.
Tensor snapped(const Plan &plan, void *stream, const Tensor &sums) {
    if (!plan.snap) return sums;
    if (!sums.is_contiguous()) return {};
    Tensor result;
    {
        at::AutoDispatchBelowADInplaceOrView below;
        result = at::empty_like(sums);
        if (!start_on(*plan.snap, stream, {sums, result})) return {};
    }
    if (!learns({sums})) return result;
    auto owner = with_edges(new SnapBackward, {sums});
    torch::autograd::set_history(result, owner);
    return result;
}

bool fits(const Plan &plan, const Tensor &x, const Tensor &weight, const Optional &bias,
          at::ArrayRef<Tensor> others) {
    if (x.sizes() != at::IntArrayRef(plan.sizes) || x.scalar_type() != at::kFloat) return false;
    if (!is_plain(weight, x) || weight.numel() != plan.rows * plan.length) return false;
    if (weight.size(0) != plan.rows || bias.has_value() != plan.biased) return false;
    for (const auto &other : others)
        if (other.defined() && (!is_plain(other, x) || other.numel() != plan.rows)) return false;
    return !learns({x, weight}) || plan.back;
}

// Return the exact sums of a layer's rounded weights, and the integers of its bias if it has one;
// nothing if this call does not fit the plan.
std::vector<Tensor> launch_sums(int64_t number, int64_t stream, const Tensor &x,
                                const Tensor &weight, const Tensor &unit, const Tensor &flag,
                                const Optional &log2, const Optional &gain, const Optional &shift,
                                const Optional &bias, at::TensorList running) {
    const auto &plan = entry(plans, number, "plan");
    std::vector<Tensor> parts(PARTS);
    parts[WEIGHT] = weight;
    parts[GAIN] = gain.value_or(Tensor());
    parts[SHIFT] = shift.value_or(Tensor());
    parts[ITS_BIAS] = bias.value_or(Tensor());
    if (!fits(plan, x, weight, bias, at::ArrayRef<Tensor>(parts).slice(GAIN))) return {};
    if (running.size() != (plan.reduce ? 3 : plan.normed ? 2 : 0)) return {};
    if (plan.learned) parts[LOG2] = *log2;
    c10::DeviceGuard on(x.device());
    // Sums are exact, whatever precision autocast chose.
    c10::impl::ExcludeDispatchKeyGuard exact(c10::autocast_dispatch_keyset);
    auto *place = reinterpret_cast<void *>(stream);
    int64_t lead = x.dim() - plan.axes;
    bool merges = !plan.stride.empty() && lead == 2;
    auto images = merges ? x.flatten(0, 1) : x;
    if (plan.reduce) {
        parts[SUMS] = weighted(plan, images, weight, bias);
        if (!parts[SUMS].is_contiguous()) return {};
    }
    auto results = fold(plan, place, std::move(parts), unit, flag, running);
    if (results.empty()) return {};
    auto sums = snapped(plan, place, weighted(plan, images, results[0], std::nullopt));
    if (!sums.defined()) return {};
    if (merges) {
        c10::SmallVector<int64_t, 6> sizes{x.size(0), x.size(1)};
        for (int64_t n = 1; n < sums.dim(); ++n) sizes.push_back(sums.size(n));
        sums = sums.view(sizes);
    }
    results[0] = sums;
    return results;
}

// Enter a kernel; return its number, or -1 if it does not take these arguments.
int64_t enter_kernel(int64_t function, at::IntArrayRef measures, at::IntArrayRef arguments,
                     bool on_cpu) {
    Kernel kernel;
    if (!fill(kernel, function, measures, arguments, on_cpu)) return -1;
    std::unique_lock lock(growing);
    kernels.push_back(std::move(kernel));
    return static_cast<int64_t>(kernels.size()) - 1;
}

// Enter a layer's plan; `form` is whether it is normed, biased and learned, its rows, their
// length, the images, the axes of a sample, the groups, and whether biases are narrow.
int64_t enter_sums(at::IntArrayRef numbers, at::IntArrayRef form, double spread,
                   at::IntArrayRef sizes, at::IntArrayRef stride, at::IntArrayRef padding,
                   at::IntArrayRef dilation) {
    Plan plan;
    plan.forth = kernel_of(numbers[0]);
    plan.back = kernel_of(numbers[1]);
    plan.reduce = kernel_of(numbers[2]);
    plan.apart = kernel_of(numbers[3]);
    plan.snap = kernel_of(numbers[4]);
    plan.normed = form[0];
    plan.biased = form[1];
    plan.learned = form[2];
    plan.rows = form[3];
    plan.length = form[4];
    plan.images = form[5];
    plan.axes = form[6];
    plan.groups = form[7];
    plan.narrow = form[8];
    plan.spread = spread;
    plan.sizes = sizes.vec();
    plan.stride = stride.vec();
    plan.padding = padding.vec();
    plan.dilation = dilation.vec();
    std::unique_lock lock(growing);
    plans.push_back(std::move(plan));
    return static_cast<int64_t>(plans.size()) - 1;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(snncore, library) {
    library.def("launch_sums(int plan, int stream, Tensor x, Tensor weight, Tensor unit, "
                "Tensor flag, Tensor? log2, Tensor? gain, Tensor? shift, Tensor? bias, "
                "Tensor[] running) -> Tensor[]",
                launch_sums);
    library.def("enter_kernel(int function, int[] measures, int[] arguments, bool on_cpu) -> int",
                enter_kernel);
    library.def("enter_sums(int[] kernels, int[] form, float spread, int[] sizes, int[] stride, "
                "int[] padding, int[] dilation) -> int",
                enter_sums);
}
