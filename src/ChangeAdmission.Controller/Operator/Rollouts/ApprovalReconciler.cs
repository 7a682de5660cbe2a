using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// Shows in a <c>ChangeApproval</c>'s <c>status</c> whether it can be used and whether it was, and removes it some days after it
/// expired. No decision looks at this.
/// </summary>
internal sealed class ApprovalReconciler(KubernetesApi api, OperatorState cluster, TimeProvider time)
{
    /// <summary>An approval is kept this long after it expired, for those who ask what it was.</summary>
    public static readonly TimeSpan KeptAfterwards = TimeSpan.FromDays(7);

    // A timer that is off by a little must not look a moment too early and find nothing changed.
    private static readonly TimeSpan After = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken ct)
    {
        if (cluster.Approvals!.Snapshot.GetValueOrDefault(key) is not { Grant: { } grant } held)
        {
            return ReconcileResult.Done.Instance;
        }

        var now = time.GetUtcNow();
        try
        {
            if (IsForgotten(grant, now))
            {
                await api.DeleteAsync(ChangeApproval.PathOf(grant.Workload.Namespace, grant.Name), ct).ConfigureAwait(false);
                return ReconcileResult.Done.Instance;
            }

            var wished = StatusOf(grant, cluster.RecordsOf(grant.Workload), held, now);
            if (!wished.Equals(held.Status))
            {
                await api.MergePatchAsync(
                    ChangeApproval.PathOf(grant.Workload.Namespace, grant.Name) + "/status",
                    new ChangeApprovalStatusPatch(wished),
                    ChangeApprovalJson.Default.ChangeApprovalStatusPatch,
                    ct).ConfigureAwait(false);
            }
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            return ReconcileResult.Done.Instance;
        }

        var next = (now < grant.ExpiresAt ? grant.ExpiresAt : grant.ExpiresAt + KeptAfterwards) - now + After;
        return new ReconcileResult.Again(next < Longest ? next : Longest);
    }

    internal static bool IsForgotten(ApprovalGrant grant, DateTimeOffset now) => now >= grant.ExpiresAt + KeptAfterwards;

    internal static ChangeApprovalStatus StatusOf(ApprovalGrant grant, IReadOnlyList<RecordedRollout> records, HeldApproval held, DateTimeOffset now)
    {
        // Records know approvers, not objects: of two approvals of one change by one person, both were used.
        var used = records.LastOrDefault(r => r.Digest == grant.Digest && r.At >= grant.ApprovedAt && r.Approvers.Contains(new(grant.Approver, ApprovalCarrier.Object)));
        var usedAt = held.Status?.UsedAt is { } before && (used is null || before > used.At) ? before : used?.At;
        var active = now < grant.ExpiresAt
            ? Condition.Of("Active", true, "Active", $"It counts until {LimitText.Date(grant.ExpiresAt)}.", now, held.Generation)
            : Condition.Of("Active", false, "Expired", $"It expired at {LimitText.Date(grant.ExpiresAt)}, and is removed {KeptAfterwards.TotalDays} days later.", now, held.Generation);
        return new(usedAt is not null, usedAt, [active.After(held.Status?.Conditions.FirstOrDefault(c => c.Type == "Active"))]);
    }
}
