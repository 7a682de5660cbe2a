using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Governance;

/// <summary>The policies and freezes that select a namespace.</summary>
internal sealed record NamespaceRules(IReadOnlyList<PolicyValidation> Policies, IReadOnlyList<ChangeFreeze> Freezes)
{
    public static NamespaceRules None { get; } = new([], []);
}

/// <summary>
/// Looks up what a decision needs: which policies govern a namespace, and the answers to the questions of the rules.
/// Reads what is held first and asks the API server where that says too little; an unanswered question throws.
/// </summary>
internal sealed class Governor(ClusterState state, KubernetesApi api, LedgerStore ledgers, ControllerOptions options)
{
    /// <summary>The policies that select the namespace, by name (none: it is critical and no policy selects it), and the freezes.</summary>
    /// <exception cref="KubernetesApiException">The namespace or the policies could not be looked up.</exception>
    /// <exception cref="HttpRequestException">The API server could not be reached.</exception>
    public async ValueTask<NamespaceRules> RulesOfAsync(string ns, CancellationToken ct)
    {
        var labels = state.Namespaces.Snapshot.GetValueOrDefault(ns)?.Labels;
        if (labels is null || !options.CriticalNamespaces.Matches(labels))
        {
            // The API server called us for it, so it is critical there: what we hold is behind.
            labels = await LabelsAsync(ns, ct).ConfigureAwait(false);
        }

        if (!options.CriticalNamespaces.Matches(labels))
        {
            return NamespaceRules.None;
        }

        List<ChangeFreeze> freezes =
            [.. state.Freezes.Snapshot.Values.Select(f => f.Freeze).Where(f => f.NamespaceSelector.Matches(labels)).OrderBy(f => f.Name, StringComparer.Ordinal)];
        var policies = state.Policies.Synced.IsCompletedSuccessfully ? Selecting(state.Policies.Snapshot.Values, labels) : [];
        if (policies.Count > 0)
        {
            return new(policies, freezes);
        }

        var live = await api.GetAsync(ChangePolicyResource.Path, ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
        using (live)
        {
            return new(Selecting([.. live.RootElement.GetProperty("items").EnumerateArray().Select(ChangePolicyResource.Read)], labels), freezes);
        }
    }

    /// <summary>Every policy and every freeze, read at this moment, whether they can be kept or not.</summary>
    /// <exception cref="KubernetesApiException">They could not be looked up.</exception>
    /// <exception cref="HttpRequestException">The API server could not be reached.</exception>
    public async Task<(IReadOnlyList<ChangePolicy> Policies, IReadOnlyList<ChangeFreeze> Freezes)> AllRulesAsync(CancellationToken ct)
    {
        using var policies = await api.GetAsync(ChangePolicyResource.Path, ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
        using var freezes = await api.GetAsync(ChangeFreezeResource.Path, ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
        return (
            [.. policies.RootElement.GetProperty("items").EnumerateArray().Select(p => ChangePolicyResource.Read(p).Policy)],
            [.. freezes.RootElement.GetProperty("items").EnumerateArray().Select(f => ChangeFreezeResource.Read(f).Freeze)]);
    }

    /// <summary>The valid policies that select the namespace as far as the watches know; none where they know it as not critical.</summary>
    public IReadOnlyList<PolicyValidation> KnownPoliciesOf(string ns) =>
        state.Namespaces.Snapshot.GetValueOrDefault(ns)?.Labels is { } labels && options.CriticalNamespaces.Matches(labels)
            ? [.. Selecting(state.Policies.Snapshot.Values, labels).Where(p => p.IsValid)]
            : [];

    /// <summary>The facts so far, with the answers to these questions.</summary>
    /// <exception cref="KubernetesApiException">A question could not be answered.</exception>
    /// <exception cref="HttpRequestException">The API server could not be reached.</exception>
    public async Task<Facts> AnswerAsync(Change change, IReadOnlyList<Question> questions, Facts facts, CancellationToken ct)
    {
        foreach (var question in questions)
        {
            facts = question switch
            {
                Question.MayApprove(var policy) => facts with
                {
                    RequesterMayApprove = new Dictionary<string, bool>(facts.RequesterMayApprove)
                    {
                        [policy] = await MayAsync(change.Requester, Verb.Approve, policy, ct).ConfigureAwait(false),
                    },
                },
                Question.MayBreakGlass(var policy) => facts with
                {
                    RequesterMayBreakGlass = new Dictionary<string, bool>(facts.RequesterMayBreakGlass)
                    {
                        [policy] = await MayAsync(change.Requester, Verb.Breakglass, policy, ct).ConfigureAwait(false),
                    },
                },
                Question.ApprovalObjects => facts with { ApprovalObjects = await ApprovalObjectsAsync(change.Workload.Namespace, ct).ConfigureAwait(false) },
                Question.ApprovalsOnReplicaSets => facts with
                {
                    ApprovalsOnReplicaSets = await ApprovalsOnReplicaSetsAsync(change, ct).ConfigureAwait(false),
                },
                Question.NamespaceLedger => facts with
                {
                    Ledger = await LedgerAsync(LedgerStore.OfNamespace(change.Workload.Namespace), change.IsDryRun, ct).ConfigureAwait(false),
                },
                Question.PolicyLedger(var policy) => facts with
                {
                    PolicyLedgers = new Dictionary<string, RolloutLedger>(facts.PolicyLedgers)
                    {
                        [policy] = await LedgerAsync(ledgers.OfPolicy(policy), change.IsDryRun, ct).ConfigureAwait(false),
                    },
                },
                _ => throw new InvalidOperationException($"unknown question {question}"),
            };
        }

        return facts;
    }

    /// <summary>Whether the requester holds a verb on a policy. Nobody but a person does, whatever RBAC says.</summary>
    public async Task<bool> MayAsync(Requester requester, Verb verb, string policy, CancellationToken ct)
    {
        if (!requester.IsPerson)
        {
            return false;
        }

        var review = await api.CreateAsync(
            SubjectAccessReview.Path,
            SubjectAccessReview.ForPolicy(requester, verb, policy),
            ResourcesJson.Default.SubjectAccessReview,
            ResourcesJson.Default.SubjectAccessReview,
            ct).ConfigureAwait(false);
        return review.Status?.Allowed == true;
    }

    // The first rollout in a namespace makes its ledger, whatever becomes of the rollout; a dry run only imagines it.
    private async ValueTask<RolloutLedger> LedgerAsync(LedgerReference ledger, bool isDryRun, CancellationToken ct) =>
        ledgers.Known(ledger) ?? (isDryRun
            ? await ledgers.PreviewAsync(ledger, ct).ConfigureAwait(false)
            : await ledgers.ChangeAsync(ledger, static l => (l, l), ct).ConfigureAwait(false));

    private async Task<IReadOnlyDictionary<string, string>> LabelsAsync(string ns, CancellationToken ct)
    {
        var path = $"{ClusterState.NamespacesPath}/{Uri.EscapeDataString(ns)}";
        var found = await api.GetAsync(path, ResourcesJson.Default.PartialObject, ct).ConfigureAwait(false);
        return found.Metadata?.Labels ?? new Dictionary<string, string>();
    }

    private static List<PolicyValidation> Selecting(IEnumerable<PolicyValidation> policies, IReadOnlyDictionary<string, string> labels) =>
        [.. policies.Where(p => p.Policy.NamespaceSelector.Matches(labels)).OrderBy(p => p.Policy.Name, StringComparer.Ordinal)];

    // Read at this moment, never from a watch: one that was deleted does not count any more, and one that was just created does.
    private async Task<IReadOnlyList<ApprovalGrant>> ApprovalObjectsAsync(string ns, CancellationToken ct)
    {
        using var list = await api.GetAsync(ChangeApproval.PathOf(ns), ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(ChangeApproval.Read).OfType<ApprovalGrant>()];
    }

    private async Task<IReadOnlySet<string>> ApprovalsOnReplicaSetsAsync(Change change, CancellationToken ct)
    {
        var path = $"apis/apps/v1/namespaces/{Uri.EscapeDataString(change.Workload.Namespace)}/replicasets";
        var sets = await api.GetMetadataAsync(path, ct).ConfigureAwait(false);
        return (sets.Items ?? [])
            .Where(set => set.Metadata?.OwnerReferences?.Any(o => o.Kind == "Deployment" && o.Uid == change.Uid) == true)
            .SelectMany(set => ApprovalAnnotation.Values(set.Metadata!.Annotations?.GetValueOrDefault(WellKnown.SeniorApproval)))
            .ToHashSet(StringComparer.Ordinal);
    }
}
