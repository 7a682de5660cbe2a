namespace ChangeAdmission.Core.Changes;

/// <summary>The kinds whose rollouts can be governed, all of the API group <c>apps</c>.</summary>
public enum WorkloadKind
{
    Deployment,
    StatefulSet,
    DaemonSet,
}

/// <summary>
/// Which workload a change is about. Two changes to workloads of the same namespace, kind and name concern
/// the same workload, even when it was deleted and created again in between.
/// </summary>
public readonly record struct WorkloadReference(string Namespace, WorkloadKind Kind, string Name)
{
    /// <summary>As a sentence names it: <c>Deployment shop/payments</c>.</summary>
    public override string ToString() => $"{Kind} {Namespace}/{Name}";
}
