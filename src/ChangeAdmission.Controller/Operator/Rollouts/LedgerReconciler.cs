using System.Text.Json.Nodes;
using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// Keeps one ledger in order: releases reservations whose rollout was never persisted, brings the ledger of a policy to what those of
/// its namespaces say, and prunes what no limit can count any more.
/// </summary>
internal sealed class LedgerReconciler(
    OperatorState cluster, ClusterState state, LedgerStore ledgers, KubernetesApi api, ControllerOptions options, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    public async Task<ReconcileResult> ReconcileAsync(LedgerReference reference, CancellationToken ct)
    {
        if (ledgers.Known(reference) is not { } ledger)
        {
            return ReconcileResult.Done.Instance;
        }

        if (reference.IsOfNamespace)
        {
            await ReleaseAsync(reference, ledger, ct).ConfigureAwait(false);
        }
        else
        {
            var settled = time.GetUtcNow() - options.ReleaseAfter;
            await ledgers.ChangeAsync(reference, l => (l.Follow(ns => ledgers.Known(LedgerStore.OfNamespace(ns)), settled), true), ct).ConfigureAwait(false);
        }

        var window = LongestWindow();
        await ledgers.ChangeAsync(reference, l => (l.Prune(window, time.GetUtcNow()), true), ct).ConfigureAwait(false);
        return new ReconcileResult.Again(options.ReleaseAfter < Period ? options.ReleaseAfter : Period);
    }

    // Of every limit there is: which of them may come to count in this ledger depends on labels that may change.
    private TimeSpan LongestWindow() =>
        state.Policies.Snapshot.Values.SelectMany(p => p.Policy.RateLimits).Select(l => l.Window).Append(Rollbacks.Window).Max();

    private async Task ReleaseAsync(LedgerReference reference, RolloutLedger ledger, CancellationToken ct)
    {
        var before = time.GetUtcNow() - options.ReleaseAfter;
        foreach (var entry in ledger.Entries.Where(e => e.State == EntryState.Reserved && e.At < before))
        {
            var evidence = await EvidenceAsync(entry, ct).ConfigureAwait(false);
            await ledgers.ChangeAsync(reference, l => (l.Release(entry, evidence), true), ct).ConfigureAwait(false);
        }
    }

    private async Task<LiveEvidence> EvidenceAsync(LedgerEntry entry, CancellationToken ct)
    {
        var rollout = entry.Rollout;
        WorkloadSeen? current = null;
        try
        {
            var live = await api.GetAsync(WorkloadObject.PathOf(rollout.Workload), ResourcesJson.Default.JsonElement, ct).ConfigureAwait(false);
            current = WorkloadObject.Read(rollout.Workload.Kind, live).Seen;
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // There is none of that name.
        }

        var revisions = rollout.IsCreate || current is null
            ? new HashSet<ChangeDigest>()
            : await RevisionsAsync(rollout.Workload, rollout.Uid, ct).ConfigureAwait(false);
        return new LiveEvidence(current, revisions, cluster.NeverExisted(rollout.Workload.Kind, rollout.Uid, entry.At));
    }

    // What the workload has run, as its ReplicaSets or ControllerRevisions have kept it.
    private async Task<HashSet<ChangeDigest>> RevisionsAsync(WorkloadReference workload, string uid, CancellationToken ct)
    {
        var plural = workload.Kind == WorkloadKind.Deployment ? "replicasets" : "controllerrevisions";
        var list = await api.GetAsync($"apis/apps/v1/namespaces/{Uri.EscapeDataString(workload.Namespace)}/{plural}", ResourcesJson.Default.JsonElement, ct)
            .ConfigureAwait(false);
        var digests = new HashSet<ChangeDigest>();
        foreach (var item in JsonNode.Parse(list.GetRawText())!["items"]!.AsArray())
        {
            var owners = item?["metadata"]?["ownerReferences"]?.AsArray();
            var template = (item?["spec"] ?? item?["data"]?["spec"])?["template"]?.AsObject();
            if (owners?.Any(o => (string?)o?["uid"] == uid) == true && template is not null)
            {
                // What the controllers add to the template they were given.
                template["metadata"]?["labels"]?.AsObject().Remove("pod-template-hash");
                template.Remove("$patch");
                try
                {
                    digests.Add(ChangeDigest.Compute(workload, System.Text.Encoding.UTF8.GetBytes(template.ToJsonString())));
                }
                catch (InvalidPodTemplateException)
                {
                    // Nothing that we ever admitted.
                }
            }
        }

        return digests;
    }
}
