using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator;

/// <summary>Shows in a policy's <c>status</c> whether it can be kept, and where it is in force.</summary>
internal sealed class PolicyStatusReconciler(KubernetesApi api, ClusterState state, ControllerOptions options, TimeProvider time)
{
    public async Task<ReconcileResult> ReconcileAsync(string name, CancellationToken ct)
    {
        var path = $"{ChangePolicyResource.Path}/{Uri.EscapeDataString(name)}";
        try
        {
            // Read anew: what a watch holds may be from before our own last write.
            using var live = await api.GetAsync(path, ResourcesJson.Default.JsonDocument, ct).ConfigureAwait(false);
            var policy = ChangePolicyResource.Read(live.RootElement);
            var generation = live.RootElement.GetProperty("metadata").GetProperty("generation").GetInt64();
            var present = ChangePolicyStatus.Read(live.RootElement);
            var coverage = PolicyCoverage.Of(
                policy.Policy, options.CriticalNamespaces, state.Namespaces.Snapshot.Select(n => KeyValuePair.Create(n.Key, n.Value.Labels)));
            var wished = ChangePolicyStatus.Of(policy, coverage, present, generation, time.GetUtcNow());
            if (!wished.Equals(present))
            {
                await api.MergePatchAsync(
                    $"{path}/status", new ChangePolicyStatusPatch(wished), ChangePolicyStatusJson.Default.ChangePolicyStatusPatch, ct).ConfigureAwait(false);
            }
        }
        catch (KubernetesApiException e) when (e.IsNotFound)
        {
            // Deleted.
        }

        return ReconcileResult.Done.Instance;
    }
}
