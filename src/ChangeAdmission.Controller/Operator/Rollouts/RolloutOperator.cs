using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// Runs the reconcilers of workloads, ledgers, approvals, policies and freezes while this replica leads: watches what they look at, and hands them the keys of
/// what has changed.
/// </summary>
internal sealed partial class RolloutOperator(
    KubernetesApi api,
    ClusterState state,
    OperatorState cluster,
    WorkloadReconciler workloads,
    RecordRetention retention,
    LedgerReconciler ledgers,
    ApprovalReconciler approvals,
    PolicyStatusReconciler policies,
    FreezeStatusReconciler freezes,
    DefaultPolicy defaultPolicy,
    ControllerOptions options,
    TimeProvider time,
    ILogger<RolloutOperator> logger) : BackgroundService
{
    private const int Workers = 4;

    private readonly LeaderElector _elector = new(
        api, options.Namespace, options.Lease, $"{Environment.MachineName}_{Guid.NewGuid():n}", time, logger);

    /// <summary>Whether this replica leads; a gauge reads it.</summary>
    public bool IsLeader => _elector.IsLeader;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _elector.RunAsync(LeadAsync, stoppingToken);

    private async Task LeadAsync(CancellationToken ct)
    {
        var workloadQueue = new WorkQueue<WorkloadReference>(time);
        var ledgerQueue = new WorkQueue<LedgerReference>(time);
        var approvalQueue = new WorkQueue<string>(time);
        var policyQueue = new WorkQueue<string>(time);
        var freezeQueue = new WorkQueue<string>(time);
        cluster.Begin();
        foreach (var (kind, informer) in cluster.Workloads)
        {
            informer.Changed += changes => AddAll(workloadQueue, changes.Select(c => ReferenceOf(kind, c.Key)));
        }

        cluster.Approvals!.Changed += changes => AddAll(approvalQueue, changes.Select(c => c.Key));
        cluster.Records!.Changed += changes =>
        {
            var concerned = changes.Select(c => (c.After ?? c.Before)?.Rollout?.Workload).OfType<WorkloadReference>().ToHashSet();
            AddAll(workloadQueue, concerned);
            AddAll(approvalQueue, cluster.Approvals.Snapshot.Where(a => a.Value.Grant is { } grant && concerned.Contains(grant.Workload)).Select(a => a.Key));
        };

        void LedgersChanged(IReadOnlyList<InformerChange<StoredLedger>> changes) => AddAll(ledgerQueue, changes.Select(c => LedgerOf(c.Key)));

        void FreezesChanged(IReadOnlyList<InformerChange<HeldFreeze>> changes) => AddAll(freezeQueue, changes.Select(c => c.Key));

        // Which workloads are governed, and how, may have changed: they are looked at again, most of them for nothing.
        void AddWorkloads(Func<WorkloadReference, bool> concerned)
        {
            foreach (var (kind, informer) in cluster.Workloads)
            {
                AddAll(workloadQueue, informer.Snapshot.Keys.Select(key => ReferenceOf(kind, key)).Where(concerned));
            }
        }

        void PoliciesChanged(IReadOnlyList<InformerChange<PolicyValidation>> changes)
        {
            AddAll(policyQueue, changes.Select(c => c.Key));
            AddWorkloads(_ => true);
        }

        void NamespacesChanged(IReadOnlyList<InformerChange<NamespaceLabels>> changes)
        {
            var names = changes.Select(c => c.Key).ToHashSet(StringComparer.Ordinal);
            AddAll(policyQueue, state.Policies.Snapshot.Keys);
            AddWorkloads(w => names.Contains(w.Namespace));
        }

        state.Ledgers.Changed += LedgersChanged;
        state.Freezes.Changed += FreezesChanged;
        state.Policies.Changed += PoliciesChanged;
        state.Namespaces.Changed += NamespacesChanged;
        try
        {
            var watching = cluster.RunAsync(ct);
            await cluster.SyncedAsync(ct).ConfigureAwait(false);
            // What these held before the term began.
            AddAll(ledgerQueue, state.Ledgers.Snapshot.Keys.Select(LedgerOf));
            AddAll(policyQueue, state.Policies.Snapshot.Keys);
            AddAll(freezeQueue, state.Freezes.Snapshot.Keys);
            var workloadLoop = new ReconcileLoop<WorkloadReference>(workloadQueue, ReconcileAsync, logger);
            var ledgerLoop = new ReconcileLoop<LedgerReference>(ledgerQueue, ledgers.ReconcileAsync, logger);
            var approvalLoop = new ReconcileLoop<string>(approvalQueue, approvals.ReconcileAsync, logger);
            var policyLoop = new ReconcileLoop<string>(policyQueue, policies.ReconcileAsync, logger);
            var freezeLoop = new ReconcileLoop<string>(freezeQueue, freezes.ReconcileAsync, logger);
            await Task.WhenAll(
                watching,
                defaultPolicy.CreateOnceAsync(ct),
                workloadLoop.RunAsync(Workers, ct),
                ledgerLoop.RunAsync(1, ct),
                approvalLoop.RunAsync(1, ct),
                policyLoop.RunAsync(1, ct),
                freezeLoop.RunAsync(1, ct)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The term has ended.
        }
        finally
        {
            state.Ledgers.Changed -= LedgersChanged;
            state.Freezes.Changed -= FreezesChanged;
            state.Policies.Changed -= PoliciesChanged;
            state.Namespaces.Changed -= NamespacesChanged;
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(WorkloadReference workload, CancellationToken ct)
    {
        await workloads.ReconcileAsync(workload, ct).ConfigureAwait(false);
        return await retention.ReconcileAsync(workload, ct).ConfigureAwait(false);
    }

    private static void AddAll<TKey>(WorkQueue<TKey> queue, IEnumerable<TKey> keys)
        where TKey : notnull
    {
        foreach (var key in keys)
        {
            queue.Add(key);
        }
    }

    private static WorkloadReference ReferenceOf(WorkloadKind kind, string key) =>
        key.Split('/') is [var ns, var name] ? new(ns, kind, name) : throw new ArgumentException(key, nameof(key));

    private static LedgerReference LedgerOf(string key) =>
        key.Split('/') is [var ns, var name] ? new(ns, name) : throw new ArgumentException(key, nameof(key));
}
