using System.Diagnostics.Metrics;
using ChangeAdmission.Controller.Operator.Rollouts;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>Which replica runs the reconcilers: the sum over all replicas is 1.</summary>
internal static class LeaderMetrics
{
    public static void Observe(IMeterFactory meters, RolloutOperator rollouts) => meters.Create(DecisionMetrics.MeterName).CreateObservableGauge(
        "changeadmission_leader", () => rollouts.IsLeader ? 1 : 0, description: "1 on the replica that runs the reconcilers.");
}
