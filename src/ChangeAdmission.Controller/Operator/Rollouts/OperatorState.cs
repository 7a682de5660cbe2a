using System.Collections.Concurrent;
using System.Text.Json;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>What is held of a record, wrapped because a record that is not ours is held as nothing.</summary>
internal sealed record HeldRecord(RecordedRollout? Rollout);

/// <summary>The part of the cluster that only the operator needs: workloads, records and approvals. Watched while this replica leads.</summary>
internal sealed class OperatorState(KubernetesApi api, TimeProvider time, ILogger<OperatorState> logger)
{
    // An uid is looked for some minutes after its reservation; so many more creates than that would have to come between.
    private const int RememberedUids = 64 * 1024;

    private readonly ConcurrentDictionary<string, bool> _uids = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _uidOrder = new();
    private Dictionary<WorkloadKind, Informer<WorkloadObject>> _workloads = [];

    public Informer<HeldRecord>? Records { get; private set; }

    public Informer<HeldApproval>? Approvals { get; private set; }

    public IReadOnlyDictionary<WorkloadKind, Informer<WorkloadObject>> Workloads => _workloads;

    /// <summary>New informers for a new term; what was held before may be out of date.</summary>
    public void Begin()
    {
        _uids.Clear();
        _uidOrder.Clear();
        _workloads = Enum.GetValues<WorkloadKind>().ToDictionary(
            kind => kind,
            kind => new Informer<WorkloadObject>(api, new(WorkloadObject.CollectionOf(kind), item => Read(kind, item)), time, logger));
        Approvals = new Informer<HeldApproval>(api, new(ChangeApproval.Collection, HeldApproval.Read), time, logger);
        Records = new Informer<HeldRecord>(api, new(ChangeRecord.Collection, item => new HeldRecord(ChangeRecord.Read(item))), time, logger);
    }

    public Task RunAsync(CancellationToken ct) => Task.WhenAll([.. _workloads.Values.Select(i => i.RunAsync(ct)), Records!.RunAsync(ct), Approvals!.RunAsync(ct)]);

    public Task SyncedAsync(CancellationToken ct) => Task.WhenAll([.. _workloads.Values.Select(i => i.Synced), Records!.Synced, Approvals!.Synced]).WaitAsync(ct);

    public WorkloadObject? Find(WorkloadReference workload) =>
        _workloads[workload.Kind].Snapshot.GetValueOrDefault($"{workload.Namespace}/{workload.Name}");

    /// <summary>The records of a workload, oldest first.</summary>
    public IReadOnlyList<RecordedRollout> RecordsOf(WorkloadReference workload) =>
        [.. Records!.Snapshot.Values.Select(r => r.Rollout).OfType<RecordedRollout>().Where(r => r.Workload == workload).OrderBy(r => r.At)];

    /// <summary>Whether no object of this uid appeared, in a watch without a gap since before that time.</summary>
    public bool NeverExisted(WorkloadKind kind, string uid, DateTimeOffset since) =>
        _workloads[kind].ListedAt is { } listed && listed < since - RolloutLedger.Slack && !_uids.ContainsKey(uid);

    private WorkloadObject Read(WorkloadKind kind, JsonElement item)
    {
        var workload = WorkloadObject.Read(kind, item);
        if (_uids.TryAdd(workload.Seen.Uid, true))
        {
            _uidOrder.Enqueue(workload.Seen.Uid);
            if (_uidOrder.Count > RememberedUids && _uidOrder.TryDequeue(out var oldest))
            {
                _uids.TryRemove(oldest, out _);
            }
        }

        return workload;
    }
}
