using System.Diagnostics.Metrics;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>How the ledgers fare.</summary>
internal sealed class LedgerMetrics
{
    private readonly Counter<long> _writes;
    private readonly Counter<long> _conflicts;

    public LedgerMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DecisionMetrics.MeterName);
        _writes = meter.CreateCounter<long>("changeadmission_ledger_writes", description: "Ledgers written; one write may hold many rollouts.");
        _conflicts = meter.CreateCounter<long>("changeadmission_ledger_conflicts", description: "Writes that lost against another replica's and were judged again.");
    }

    /// <param name="reserves">Whether admissions waited for it; the others are the operator's.</param>
    public void CountWrite(bool reserves) => _writes.Add(1, new KeyValuePair<string, object?>("purpose", reserves ? "reserve" : "operate"));

    public void CountConflict() => _conflicts.Add(1);
}
