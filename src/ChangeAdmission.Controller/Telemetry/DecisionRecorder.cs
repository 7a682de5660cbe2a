using System.Collections.Concurrent;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>
/// Makes each decision known: a log line, the metrics, an Event. The API server calls twice for one rejected patch,
/// and again for every write conflict, so the same decision on the same request of the same user within 2 s is one.
/// </summary>
internal sealed partial class DecisionRecorder(
    DecisionMetrics metrics, DecisionEvents events, TimeProvider time, ILogger<DecisionRecorder> logger)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);

    // Enough for any rate a cluster reaches in the window; beyond it the old is forgotten, and at worst counted twice.
    private const int Remembered = 16 * 1024;

    private readonly ConcurrentDictionary<Key, long> _recent = new();
    private readonly ConcurrentQueue<(Key Key, long At)> _order = new();

    public void Record(Decision decision, TimeSpan took)
    {
        metrics.RecordDuration(took);
        if (IsRepeated(decision))
        {
            return;
        }

        metrics.Count(decision);
        events.Enqueue(decision);
        Log(decision);
    }

    private bool IsRepeated(Decision decision)
    {
        var now = time.GetTimestamp();
        while (_order.TryPeek(out var oldest) && (_order.Count > Remembered || time.GetElapsedTime(oldest.At, now) > Window))
        {
            if (_order.TryDequeue(out var gone))
            {
                _recent.TryRemove(KeyValuePair.Create(gone.Key, gone.At));
            }
        }

        var key = Key.Of(decision);
        if (_recent.TryGetValue(key, out var before) && time.GetElapsedTime(before, now) <= Window)
        {
            return true;
        }

        _recent[key] = now;
        _order.Enqueue((key, now));
        return false;
    }

    private void Log(Decision decision)
    {
        var change = decision.Change;
        if (logger.IsEnabled(LogLevel.Information))
        {
            LogDecision(
                logger,
                decision.Outcome.Label(),
                change.Workload.ToString(),
                change.Digest?.ToString() ?? "none",
                Quoted.Of(change.Requester.Username),
                change.IsDryRun ? " (dry run)" : "",
                string.Concat(decision.Policies.SelectMany(p => p.Violations).Select(v => $"; {v.Reason.Id()}: {Quoted.Printable(v.Detail)}")));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Decision} {Workload}, change {Digest}, requested by {User}{DryRun}{Reasons}")]
    private static partial void LogDecision(
        ILogger logger, string decision, string workload, string digest, string user, string dryRun, string reasons);

    private readonly record struct Key(string User, WorkloadReference Workload, ChangeDigest? Digest, bool IsRollout, bool DryRun, Outcome Outcome, string Approvals, string BreakGlass)
    {
        public static Key Of(Decision decision)
        {
            var change = decision.Change;
            return new Key(
                change.Requester.Username,
                change.Workload,
                change.Digest,
                change.IsRollout,
                change.IsDryRun,
                decision.Outcome,
                change.Proposed.Annotations.GetValueOrDefault(WellKnown.SeniorApproval, ""),
                change.Proposed.Annotations.GetValueOrDefault(WellKnown.BreakGlass, ""));
        }
    }
}
