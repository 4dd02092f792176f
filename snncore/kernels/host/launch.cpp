// Starts the kernels of time loops, forward and backward, without Python: one node of autograd.
//
// A loop is entered once, and a launch once for each form of its tensors (device, sizes, types).
// A form without a launch is left to Python, which compiles its kernel and enters it.

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/GradMode.h>
#include <c10/util/SmallVector.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/library.h>

#include <array>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using torch::autograd::variable_list;
using Key = std::vector<int64_t>;
using Group = c10::SmallVector<Tensor, 4>;

using Roles = std::array<Group, NUMBER>;

struct Hash {
    size_t operator()(const Key &key) const {
        size_t result = key.size();
        for (auto value : key) result = result * 1000003u ^ static_cast<size_t>(value);
        return result;
    }
};

// The terms of a parameter's gradient: a sum of all, or of each channel's.
struct Share {
    int64_t parameter, terms, channels, inner;
};

struct Launch {
    Kernel kernel;
    std::vector<Share> shares;
    int64_t notes = 0;
};

struct Loop {
    std::string name, no_second_derivative;
    size_t inputs = 0, states = 0, parameters = 0;
    bool keeps_last = false, sums_in_double = false;
    ScalarType kind = at::kFloat, real = at::kFloat;
    std::shared_mutex changing;
    std::unordered_map<Key, Launch, Hash> launches;

    const Launch *find(const Key &key) {
        std::shared_lock lock(changing);
        auto place = launches.find(key);
        // Entries stay where they are, and are never taken out.
        return place == launches.end() ? nullptr : &place->second;
    }
};

auto in(const Roles &roles) {
    return [&roles](Role role, int64_t n) -> const Tensor & { return roles[role][n]; };
}

std::shared_mutex growing;
std::deque<Loop> loops;

Loop &loop_of(int64_t number) {
    std::shared_lock lock(growing);
    bool known = number >= 0 && number < static_cast<int64_t>(loops.size());
    TORCH_CHECK(known, "there is no loop " + std::to_string(number));
    return loops[number];
}

// --- Forms ---

using Sizes = c10::SmallVector<int64_t, 6>;

// Return a parameter's sizes; those of a value for each channel meet the layer, as `shaped` does.
Sizes by_channel(const Tensor &parameter, const Tensor &x, bool single) {
    auto own = parameter.sizes();
    auto layer = x.sizes().slice(std::min<size_t>(x.dim(), single ? 1 : 2));
    Sizes sizes(own.begin(), own.end());
    if (own.size() == 1 && layer.size() > 1 && own[0] == layer[0]) sizes.resize(layer.size(), 1);
    return sizes;
}

// Return the key of a form; empty if the tensors do not fit one another.
Key key_of(const Loop &loop, at::TensorList tensors, bool single, int64_t direction) {
    const auto &x = tensors[0];
    bool begun = tensors.size() == loop.inputs + loop.states + loop.parameters;
    if ((!begun && tensors.size() != loop.inputs + loop.parameters) || !x.numel()) return {};
    auto sizes = x.sizes();
    Key key;
    key.reserve(32);
    key.insert(key.end(), {direction, x.device().index(), begun});
    if (single) key.push_back(1);
    key.insert(key.end(), sizes.begin(), sizes.end());
    size_t first = loop.inputs, end = first + (begun ? loop.states : 0);
    for (size_t n = 0; n < tensors.size(); ++n) {
        const auto &each = tensors[n];
        bool input = n < first, state = !input && n < end;
        if (each.device() != x.device()) return {};
        if (input && each.sizes() != sizes) return {};
        if (state && (each.scalar_type() != loop.kind ||
                      each.sizes() != (single ? sizes : sizes.slice(1))))
            return {};
        key.push_back(-1 - static_cast<int64_t>(each.scalar_type()));
        if (input || state) continue;
        auto shape = by_channel(each, x, single);
        key.push_back(static_cast<int64_t>(shape.size()));
        key.insert(key.end(), shape.begin(), shape.end());
    }
    return key;
}

int64_t direction_of(at::ArrayRef<bool> needs, bool ends) {
    int64_t bits = ends ? 3 : 1;
    for (size_t n = 0; n < needs.size(); ++n) bits |= needs[n] ? int64_t(4) << n : 0;
    return bits;
}

// Fill in a call's own tensors, in contiguous memory.
void give(const Loop &loop, at::TensorList tensors, Roles &roles) {
    bool begun = tensors.size() == loop.inputs + loop.states + loop.parameters;
    size_t first = loop.inputs, end = first + (begun ? loop.states : 0);
    for (size_t n = 0; n < tensors.size(); ++n)
        roles[n < first ? INPUT : n < end ? STATE : PARAMETER].push_back(tensors[n].contiguous());
}

Group fresh_states(const Loop &loop, const Tensor &x, bool single) {
    Group states;
    auto sizes = single ? x.sizes() : x.sizes().slice(1);
    for (size_t n = 0; n < loop.states; ++n)
        states.push_back(at::empty(sizes, x.options().dtype(loop.kind)));
    return states;
}

// --- Backward ---

struct SequenceBackward : torch::autograd::Node {
    Loop *loop = nullptr;
    // The engine runs a node on the stream of its forward.
    void *stream = nullptr;
    bool single = false, released = false;
    std::vector<torch::autograd::SavedVariable> saved;

    std::string name() const override { return "SequenceBackward"; }

    void release_variables() override {
        std::lock_guard<std::mutex> lock(mutex_);
        for (auto &variable : saved) variable.reset_data();
        released = true;
    }

    variable_list apply(variable_list &&arrived) override {
        TORCH_CHECK(!c10::GradMode::is_enabled(), loop->no_second_derivative);
        std::vector<Tensor> tensors;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            TORCH_CHECK(!released, torch::autograd::ERR_BACKWARD_TWICE);
            for (auto &variable : saved) tensors.push_back(variable.unpack());
        }
        bool ends = false;
        for (size_t n = 1; n < arrived.size(); ++n) ends |= arrived[n].defined();
        c10::SmallVector<bool, 8> needs;
        for (size_t n = 0; n < tensors.size(); ++n) needs.push_back(task_should_compute_output(n));
        auto key = key_of(*loop, tensors, single, direction_of(needs, ends));
        auto *launch = key.empty() ? nullptr : loop->find(key);
        variable_list results;
        if (launch && launched(*launch, tensors, arrived, needs, ends, results)) return results;
        return from_python(tensors, arrived, needs);
    }

    bool launched(const Launch &launch, at::TensorList tensors, const variable_list &arrived,
                  at::ArrayRef<bool> needs, bool ends, variable_list &results) {
        c10::DeviceGuard on(tensors[0].device());
        // No gradient comes here, so operators need not look for it.
        at::AutoDispatchBelowADInplaceOrView below;
        const auto &x = tensors[0];
        auto floats = x.options().dtype(at::kFloat);
        Roles roles;
        give(*loop, tensors, roles);
        roles[ARRIVED].push_back(arrived[0].defined() ? arrived[0].contiguous()
                                                      : at::zeros(x.sizes(), x.options()));
        if (ends)
            for (size_t n = 0; n < loop->states; ++n)
                roles[LATER].push_back(arrived[n + 1].defined()
                                           ? arrived[n + 1].contiguous()
                                           : fresh_states(*loop, x, single)[n].zero_());
        bool to_states = false;
        for (const auto &[role, value] : launch.kernel.arguments) to_states |= role == TO_STATE;
        for (size_t n = 0; n < loop->inputs; ++n)
            if (needs[n]) roles[TO_INPUT].push_back(at::empty(x.sizes(), x.options()));
        if (to_states) roles[TO_STATE] = fresh_states(*loop, x, single);
        for (const auto &share : launch.shares)
            roles[SHARE].push_back(at::empty({share.terms}, floats));
        if (launch.notes)
            roles[NOTES].push_back(at::empty({launch.notes}, x.options().dtype(loop->real)));
        if (!start(launch.kernel, stream, in(roles))) return false;
        results.resize(tensors.size());
        size_t begin = loop->inputs, next = 0;
        for (size_t n = 0; n < begin; ++n)
            if (needs[n]) results[n] = roles[TO_INPUT][next++];
        for (size_t n = 0; n < roles[TO_STATE].size(); ++n)
            if (needs[begin + n]) results[begin + n] = roles[TO_STATE][n];
        size_t parameters = tensors.size() - loop->parameters;
        for (size_t n = 0; n < launch.shares.size(); ++n) {
            const auto &share = launch.shares[n];
            auto place = parameters + share.parameter;
            results[place] = gathered(share, roles[SHARE][n], tensors[place]);
        }
        return true;
    }

    Tensor gathered(const Share &share, const Tensor &terms, const Tensor &parameter) const {
        auto kind = parameter.scalar_type();
        if (!share.channels) {
            auto sum = at::sum(terms, loop->sums_in_double ? at::kDouble : kind);
            if (sum.scalar_type() != kind) sum = sum.to(kind);
            return parameter.dim() ? sum.view(parameter.sizes()) : sum;
        }
        auto parts = terms.view({-1, share.channels, share.inner});
        return at::sum(parts, at::IntArrayRef{0, 2}, false, kind).view(parameter.sizes());
    }

    // A form that has no launch yet: the operator in Python computes it, and enters one.
    variable_list from_python(const std::vector<Tensor> &tensors, const variable_list &arrived,
                              at::ArrayRef<bool> needs) {
        static auto operation =
            c10::Dispatcher::singleton().findSchemaOrThrow("snncore::sequence_backward", "");
        auto whole = [&](const Tensor &each) { return single ? each.unsqueeze(0) : each; };
        c10::List<Tensor> inputs, states, parameters;
        size_t begin = loop->inputs, end = tensors.size() - loop->parameters;
        for (size_t n = 0; n < tensors.size(); ++n) {
            if (n < begin) inputs.push_back(whole(tensors[n]));
            else if (n < end) states.push_back(tensors[n]);
            else parameters.push_back(tensors[n].view(by_channel(tensors[n], tensors[0], single)));
        }
        std::optional<Tensor> incoming;
        if (arrived[0].defined()) incoming = whole(arrived[0]);
        c10::List<std::optional<Tensor>> later;
        for (size_t n = 1; n < arrived.size(); ++n)
            later.push_back(arrived[n].defined() ? std::optional<Tensor>(arrived[n])
                                                 : std::nullopt);
        c10::List<bool> asked;
        for (bool need : needs) asked.push_back(need);
        torch::jit::Stack stack{loop->name, inputs, states, parameters, incoming, later, asked};
        operation.callBoxed(stack);
        auto computed = stack.back().toTensorVector();
        variable_list results(tensors.size());
        for (size_t n = 0; n < computed.size(); ++n)
            if (needs[n]) results[n] = computed[n].view(tensors[n].sizes());
        return results;
    }
};

// --- Operators ---

// Own a node as this version of torch does: from 2.13 on in an intrusive pointer.
template <class Pointer> Pointer owned(torch::autograd::Node *node) {
    if constexpr (std::is_same_v<Pointer, std::shared_ptr<torch::autograd::Node>>)
        return Pointer(node, [](auto *last) { deleteNode(last); });
    else
        return Pointer::unsafe_steal_from_new(node);
}

// Return the output and the last states, or nothing if this form has no launch.
std::vector<Tensor> launch_sequence(int64_t number, int64_t stream, bool single,
                                    at::TensorList tensors) {
    auto &loop = loop_of(number);
    auto key = key_of(loop, tensors, single, 0);
    auto *launch = key.empty() ? nullptr : loop.find(key);
    if (!launch) return {};
    const auto &x = tensors[0];
    auto *on = reinterpret_cast<void *>(stream);
    std::vector<Tensor> results;
    {
        at::AutoDispatchBelowADInplaceOrView below;
        c10::DeviceGuard guard(x.device());
        Roles roles;
        give(loop, tensors, roles);
        auto kind = x.is_floating_point() ? x.scalar_type() : loop.kind;
        roles[SPIKES].push_back(at::empty(x.sizes(), x.options().dtype(kind)));
        if (loop.keeps_last) roles[LAST] = fresh_states(loop, x, single);
        if (!start(launch->kernel, on, in(roles))) return {};
        results.push_back(roles[SPIKES][0]);
        for (auto &last : roles[LAST]) results.push_back(last);
    }
    bool learns = false;
    if (c10::GradMode::is_enabled())
        for (const auto &tensor : tensors) learns |= tensor.requires_grad();
    if (!learns) return results;
    auto *node = new SequenceBackward;
    auto owner = owned<decltype(torch::autograd::Edge::function)>(node);
    node->loop = &loop;
    node->stream = on;
    node->single = single;
    torch::autograd::edge_list edges;
    for (const auto &tensor : tensors) {
        edges.push_back(torch::autograd::impl::gradient_edge(tensor));
        node->saved.emplace_back(tensor, false);
    }
    node->set_next_edges(std::move(edges));
    for (auto &result : results) torch::autograd::set_history(result, owner);
    return results;
}

int64_t enter_loop(std::string name, std::string no_second_derivative, at::IntArrayRef counts,
                   bool keeps_last, bool sums_in_double, ScalarType kind, ScalarType real) {
    std::unique_lock lock(growing);
    auto &loop = loops.emplace_back();
    loop.name = std::move(name);
    loop.no_second_derivative = std::move(no_second_derivative);
    loop.inputs = counts[0];
    loop.states = counts[1];
    loop.parameters = counts[2];
    loop.keeps_last = keeps_last;
    loop.sums_in_double = sums_in_double;
    loop.kind = kind;
    loop.real = real;
    return static_cast<int64_t>(loops.size()) - 1;
}

// Enter the launch for tensors of this form; `needs` and `ends` are those of a backward kernel.
bool enter_launch(int64_t number, at::TensorList tensors, std::optional<c10::List<bool>> needs,
                  bool ends, int64_t function, at::IntArrayRef measures,
                  at::IntArrayRef arguments, at::IntArrayRef shares) {
    auto &loop = loop_of(number);
    Launch launch;
    bool on_cpu = tensors[0].is_cpu();
    if (!fill(launch.kernel, function, measures, arguments, on_cpu)) return false;
    launch.notes = measures[4];
    for (size_t n = 0; n + 3 < shares.size(); n += 4)
        launch.shares.push_back({shares[n], shares[n + 1], shares[n + 2], shares[n + 3]});
    int64_t direction = 0;
    if (needs) {
        c10::SmallVector<bool, 8> each;
        for (bool need : *needs) each.push_back(need);
        direction = direction_of(each, ends);
    }
    auto key = key_of(loop, tensors, false, direction);
    if (key.empty()) return false;
    std::unique_lock lock(loop.changing);
    loop.launches.emplace(std::move(key), std::move(launch));
    return true;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(snncore, library) {
    library.def("launch_sequence(int loop, int stream, bool single, Tensor[] tensors) -> Tensor[]",
                launch_sequence);
    library.def("enter_loop(str name, str no_second_derivative, int[] counts, bool keeps_last, "
                "bool sums_in_double, ScalarType kind, ScalarType real) -> int",
                enter_loop);
    library.def("enter_launch(int loop, Tensor[] tensors, bool[]? needs, bool ends, int function, "
                "int[] measures, int[] arguments, int[] shares) -> bool",
                enter_launch);
}
