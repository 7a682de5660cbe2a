using ChangeAdmission.Controller.Budgets;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>
/// Runs the reconcilers of workloads, ledgers and freezes while this replica leads: watches what they look at, and hands them the keys of
/// what has changed.
/// </summary>
internal sealed partial class RolloutOperator(
    KubernetesApi api,
    ClusterState state,
    OperatorState cluster,
    WorkloadReconciler workloads,
    RecordRetention retention,
    LedgerReconciler ledgers,
    FreezeStatusReconciler freezes,
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
        var freezeQueue = new WorkQueue<string>(time);
        cluster.Begin();
        var held = new Dictionary<WorkloadKind, IReadOnlyDictionary<string, WorkloadObject>>();
        var records = cluster.Records!;
        IReadOnlyDictionary<string, HeldRecord> heldRecords = new Dictionary<string, HeldRecord>();
        IReadOnlyDictionary<string, StoredLedger> heldLedgers = new Dictionary<string, StoredLedger>();

        foreach (var (kind, informer) in cluster.Workloads)
        {
            held[kind] = new Dictionary<string, WorkloadObject>();
            informer.Changed += () => Changed(
                held[kind], held[kind] = informer.Snapshot, key => workloadQueue.Add(ReferenceOf(kind, key)));
        }

        records.Changed += () =>
        {
            var before = heldRecords;
            heldRecords = records.Snapshot;
            Changed(before, heldRecords, key =>
            {
                if ((heldRecords.GetValueOrDefault(key) ?? before[key]).Rollout is { } rollout)
                {
                    workloadQueue.Add(rollout.Workload);
                }
            });
        };

        void LedgersChanged()
        {
            var before = Interlocked.Exchange(ref heldLedgers, state.Ledgers.Snapshot);
            Changed(before, heldLedgers, key => ledgerQueue.Add(LedgerOf(key)));
        }

        void FreezesChanged()
        {
            foreach (var name in state.Freezes.Snapshot.Keys)
            {
                freezeQueue.Add(name);
            }
        }

        // Which namespaces are governed, and how, may have changed: everything is looked at again, most of it for nothing.
        void GovernanceChanged()
        {
            foreach (var (kind, informer) in cluster.Workloads)
            {
                foreach (var key in informer.Snapshot.Keys)
                {
                    workloadQueue.Add(ReferenceOf(kind, key));
                }
            }
        }

        state.Ledgers.Changed += LedgersChanged;
        state.Freezes.Changed += FreezesChanged;
        state.Policies.Changed += GovernanceChanged;
        state.Namespaces.Changed += GovernanceChanged;
        try
        {
            var watching = cluster.RunAsync(ct);
            await cluster.SyncedAsync(ct).ConfigureAwait(false);
            LedgersChanged();
            FreezesChanged();
            GovernanceChanged();
            var workloadLoop = new ReconcileLoop<WorkloadReference>(workloadQueue, ReconcileAsync, logger);
            var ledgerLoop = new ReconcileLoop<LedgerReference>(ledgerQueue, ledgers.ReconcileAsync, logger);
            var freezeLoop = new ReconcileLoop<string>(freezeQueue, freezes.ReconcileAsync, logger);
            await Task.WhenAll(watching, workloadLoop.RunAsync(Workers, ct), ledgerLoop.RunAsync(1, ct), freezeLoop.RunAsync(1, ct)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The term has ended.
        }
        finally
        {
            state.Ledgers.Changed -= LedgersChanged;
            state.Freezes.Changed -= FreezesChanged;
            state.Policies.Changed -= GovernanceChanged;
            state.Namespaces.Changed -= GovernanceChanged;
        }
    }

    private async Task<ReconcileResult> ReconcileAsync(WorkloadReference workload, CancellationToken ct)
    {
        await workloads.ReconcileAsync(workload, ct).ConfigureAwait(false);
        return await retention.ReconcileAsync(workload, ct).ConfigureAwait(false);
    }

    // Every key whose object is new, gone, or another one than before.
    private static void Changed<T>(IReadOnlyDictionary<string, T> before, IReadOnlyDictionary<string, T> after, Action<string> add)
        where T : class
    {
        foreach (var (key, value) in after)
        {
            if (!ReferenceEquals(before.GetValueOrDefault(key), value))
            {
                add(key);
            }
        }

        foreach (var key in before.Keys.Where(key => !after.ContainsKey(key)))
        {
            add(key);
        }
    }

    private static WorkloadReference ReferenceOf(WorkloadKind kind, string key) =>
        key.Split('/') is [var ns, var name] ? new(ns, kind, name) : throw new ArgumentException(key, nameof(key));

    private static LedgerReference LedgerOf(string key) =>
        key.Split('/') is [var ns, var name] ? new(ns, name) : throw new ArgumentException(key, nameof(key));
}
