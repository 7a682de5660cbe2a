using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>Shows in <c>status</c> whether a freeze is on and when that changes, and looks again at that time.</summary>
internal sealed class FreezeStatusReconciler(KubernetesApi api, ClusterState state, TimeProvider time)
{
    // A timer that is off by a little must not look a moment too early and find nothing changed.
    private static readonly TimeSpan After = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        if (state.Freezes.Snapshot.GetValueOrDefault(name) is not { } held)
        {
            return ReconcileResult.Done.Instance;
        }

        var now = time.GetUtcNow();
        var times = held.Freeze.Times.At(now);
        var wished = new ChangeFreezeStatus(times.IsActive, times.NextChange, held.IsValid ? null : held.Errors[0].ToString());
        if (held.Status != wished)
        {
            try
            {
                await api.MergePatchAsync(
                    $"{ChangeFreezeResource.Path}/{Uri.EscapeDataString(name)}/status",
                    new ChangeFreezeStatusPatch(wished),
                    ChangeFreezeStatusJson.Default.ChangeFreezeStatusPatch,
                    ct).ConfigureAwait(false);
            }
            catch (KubernetesApiException e) when (e.IsNotFound)
            {
                return ReconcileResult.Done.Instance;
            }
        }

        return times.NextChange is { } next
            ? new ReconcileResult.Again(next - now + After < Longest ? next - now + After : Longest)
            : ReconcileResult.Done.Instance;
    }
}
