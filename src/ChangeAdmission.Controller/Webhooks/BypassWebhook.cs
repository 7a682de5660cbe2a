using System.Text.Json;
using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Telemetry;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Webhooks;

/// <summary>
/// <c>/validate/bypass</c>: the ways around the workload, by its ReplicaSets and Pods, which whoever may edit workloads may edit too. What
/// the controllers of Kubernetes do is told by its content, not by who asks: a ReplicaSet that has its Deployment's template passes.
/// </summary>
internal sealed class BypassWebhook(Governor governor, LedgerStore ledgers, KubernetesApi api, GuardRecorder recorder) : IWebhook
{
    private const string RollOut = "roll it out with the workload that it belongs to";

    public string Path => "/validate/bypass";

    public async ValueTask<AdmissionResponse> ReviewAsync(AdmissionRequest request, CancellationToken ct)
    {
        if (request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update) || request.SubResource is "status" or "scale")
        {
            return AdmissionResponse.Admit;
        }

        var isReplicaSet = request is { Group: "apps", Kind: "ReplicaSet" };
        if ((!isReplicaSet && request is not { Group: "", Kind: "Pod" }) || request is not { Namespace.Length: > 0, Object.Whole.IsEmpty: false })
        {
            return AdmissionResponse.Reject($"{Reason.Invalid.Id()}: the request is not about a ReplicaSet or a Pod");
        }

        var after = GuardedObject.Read(request.Object.Whole.Of(request.Body));
        var before = request.OldObject.Whole.IsEmpty ? null : GuardedObject.Read(request.OldObject.Whole.Of(request.Body));
        if (before is not null && !Matters(before, after))
        {
            return AdmissionResponse.Admit;
        }

        var rules = await governor.RulesOfAsync(request.Namespace, ct).ConfigureAwait(false);
        var kind = isReplicaSet ? WorkloadKind.Deployment : KindOf(after.Controller) ?? KindOf(before?.Controller) ?? WorkloadKind.Deployment;
        List<string> governing = [.. rules.Policies.Select(p => p.Policy).Where(p => p.Workloads.Contains(kind)).Select(p => p.Name)];
        if (governing.Count == 0)
        {
            return AdmissionResponse.Admit;
        }

        var violation = isReplicaSet ? await CheckReplicaSetAsync(request.Namespace, before, after, ct).ConfigureAwait(false)
            : before is null ? null
            : await CheckPodAsync(request.Namespace, before, after, ct).ConfigureAwait(false);
        return violation is null ? AdmissionResponse.Admit : recorder.Reject(request, UserInfo.Of(request), governing, violation);
    }

    private static bool Matters(GuardedObject before, GuardedObject after) =>
        !string.Equals(before.Template, after.Template, StringComparison.Ordinal)
        || !before.Images.SequenceEqual(after.Images, StringComparer.Ordinal)
        || before.Controller?.Uid != after.Controller?.Uid
        || before.Labels.Count != after.Labels.Count
        || before.Labels.Any(l => after.Labels.GetValueOrDefault(l.Key) != l.Value)
        || Approval(before) != Approval(after);

    private static string? Approval(GuardedObject of) => of.Annotations.GetValueOrDefault(WellKnown.SeniorApproval);

    private async Task<Violation?> CheckReplicaSetAsync(string ns, GuardedObject? before, GuardedObject after, CancellationToken ct)
    {
        if (before is not null && !string.Equals(before.Template, after.Template, StringComparison.Ordinal))
        {
            return new(Reason.Bypass, "nothing that Kubernetes does changes the pod template of a ReplicaSet", RollOut);
        }

        var owner = await OwnerAsync(ns, after, ct).ConfigureAwait(false);
        var added = ApprovalAnnotation.Values(Approval(after)).Except(ApprovalAnnotation.Values(before is null ? null : Approval(before)), StringComparer.Ordinal).ToList();
        if (added.Count > 0 && !added.TrueForAll(value => owner?.Approvals.Contains(value, StringComparer.Ordinal) == true))
        {
            return new(Reason.ApprovalForged, "a ReplicaSet carries the approvals that its Deployment carries, and no others: kubectl rollout undo would bring them back");
        }

        var isNewlyOwned = owner is not null && (before is null || before.Controller?.Uid != owner.Uid);
        if (isNewlyOwned && !IsAdmitted(owner!, after))
        {
            return new(Reason.Bypass, $"its pod template is none that {owner!.Workload} runs or ran", RollOut);
        }

        return after.Controller is null && await NewlySelectingAsync(ns, before, after, ct).ConfigureAwait(false) is { } selecting && !IsAdmitted(selecting, after)
            ? new(Reason.Bypass, $"{selecting.Workload} would adopt it, and its pod template is none that it runs or ran", RollOut)
            : null;
    }

    private async Task<Violation?> CheckPodAsync(string ns, GuardedObject before, GuardedObject after, CancellationToken ct)
    {
        if (!before.Images.SequenceEqual(after.Images, StringComparer.Ordinal))
        {
            var belongs = KindOf(before.Controller) is not null
                || KindOf(after.Controller) is not null
                || await SelectingAsync(ns, before, ct).ConfigureAwait(false) is not null
                || await SelectingAsync(ns, after, ct).ConfigureAwait(false) is not null;
            return belongs ? new(Reason.Bypass, "the containers of a Pod that belongs to a governed workload are not changed in the Pod", RollOut) : null;
        }

        return after.Controller is null
            && await NewlySelectingAsync(ns, before, after, ct).ConfigureAwait(false) is { } selecting
            && !after.Images.All(image => selecting.Images.Contains(image, StringComparer.Ordinal))
                ? new(Reason.Bypass, $"a ReplicaSet of {selecting.Workload} would adopt it, and it runs other images", RollOut)
                : null;
    }

    // What the Deployment runs, or what has run in it by an admission: its controller makes ReplicaSets of nothing else.
    private bool IsAdmitted(GuardedDeployment deployment, GuardedObject replicaSet) =>
        replicaSet.DigestAs(deployment.Workload) is { } digest
        && (digest == deployment.Digest
            || ledgers.Known(LedgerStore.OfNamespace(deployment.Workload.Namespace))?.HistoryOf(deployment.Workload).Find(digest) is { IsAdmitted: true });

    // The kind of workload whose Pod this is; null for a Pod of its own, or of something that we do not govern.
    private static WorkloadKind? KindOf(OwnerReference? controller) => controller?.Kind switch
    {
        "ReplicaSet" => WorkloadKind.Deployment,
        "StatefulSet" => WorkloadKind.StatefulSet,
        "DaemonSet" => WorkloadKind.DaemonSet,
        _ => null,
    };

    private async Task<GuardedDeployment?> OwnerAsync(string ns, GuardedObject replicaSet, CancellationToken ct)
    {
        if (replicaSet.Controller is not { Kind: "Deployment", Name: { Length: > 0 } name, Uid: var uid })
        {
            return null;
        }

        try
        {
            var deployment = await api.GetAsync(WorkloadObject.PathOf(new(ns, WorkloadKind.Deployment, name)), ResourcesJson.Default.JsonElement, ct).ConfigureAwait(false);
            var read = GuardedDeployment.Read(deployment);
            return read.Uid == uid ? read : null;
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // Deleted; the garbage collector takes the ReplicaSet with it.
            return null;
        }
    }

    private async Task<GuardedDeployment?> NewlySelectingAsync(string ns, GuardedObject? before, GuardedObject after, CancellationToken ct) =>
        await SelectingAsync(ns, after, ct).ConfigureAwait(false) is { } selecting && (before is null || !selecting.Selector.Matches(before.Labels)) ? selecting : null;

    // Asked for what has no owner, which is rare, so all Deployments of the namespace are read.
    private async Task<GuardedDeployment?> SelectingAsync(string ns, GuardedObject of, CancellationToken ct)
    {
        using var list = await api.GetAsync(WorkloadObject.CollectionOf(WorkloadKind.Deployment, ns), ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
        return list.RootElement.GetProperty("items").EnumerateArray().Select(GuardedDeployment.Read)
            .FirstOrDefault(d => d.Selector.Requirements.Count > 0 && d.Selector.Matches(of.Labels));
    }
}
