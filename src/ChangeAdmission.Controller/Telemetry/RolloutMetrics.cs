using System.Diagnostics.Metrics;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>How rollouts end, so that the failure rate of AI-assisted changes can be compared with that of others.</summary>
internal sealed class RolloutMetrics
{
    private readonly Counter<long> _rollouts;
    private readonly Counter<long> _unadmitted;

    public RolloutMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(DecisionMetrics.MeterName);
        _rollouts = meter.CreateCounter<long>("changeadmission_rollouts", description: "Rollouts that have ended, by how.");
        _unadmitted = meter.CreateCounter<long>(
            "changeadmission_unadmitted_rollouts", description: "Rollouts in governed namespaces that nobody admitted: the webhook was away.");
    }

    public void CountOutcome(RecordedRollout record, RolloutOutcome outcome) => _rollouts.Add(
        1,
        new("namespace", record.Namespace),
        new("kind", record.Workload.Kind.ToString()),
        new("provenance", record.Provenance.ToString()),
        new("outcome", outcome.ToString()));

    public void CountUnadmitted(WorkloadReference workload) =>
        _unadmitted.Add(1, new("namespace", workload.Namespace), new KeyValuePair<string, object?>("kind", workload.Kind.ToString()));
}
