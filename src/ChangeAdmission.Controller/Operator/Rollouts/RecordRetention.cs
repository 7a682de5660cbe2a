using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Controller.Operator.Rollouts;

/// <summary>Keeps the newest 20 records of each workload, and none longer than 30 days.</summary>
internal sealed class RecordRetention(OperatorState cluster, ChangeRecords records, TimeProvider time)
{
    public const int Newest = 20;
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    public async Task<ReconcileResult> ReconcileAsync(WorkloadReference workload, CancellationToken ct)
    {
        var recorded = cluster.RecordsOf(workload);
        foreach (var record in Expired(recorded, time.GetUtcNow()))
        {
            await records.DeleteAsync(record, ct).ConfigureAwait(false);
        }

        return recorded.Count == 0 ? ReconcileResult.Done.Instance : new ReconcileResult.Again(Period);
    }

    /// <param name="recorded">Of one workload, oldest first.</param>
    internal static IEnumerable<RecordedRollout> Expired(IReadOnlyList<RecordedRollout> recorded, DateTimeOffset now) =>
        recorded.Where((record, i) => i < recorded.Count - Newest || record.At < now - Longest);
}
