namespace ChangeAdmission.Controller.Operator;

/// <summary>What to do after a reconciliation. A closed set.</summary>
internal abstract record ReconcileResult
{
    private ReconcileResult()
    {
    }

    /// <summary>The world is as wished; wait for the next change.</summary>
    public sealed record Done : ReconcileResult
    {
        public static Done Instance { get; } = new();
    }

    /// <summary>Look again after this long, or at the next change if that comes first.</summary>
    public sealed record Again(TimeSpan After) : ReconcileResult;
}

/// <summary>
/// Level-based: reads the world as it is, not what happened; writes the difference to what is wished; safe to run
/// twice. One per kind.
/// </summary>
/// <typeparam name="T">What is held of the kind; null stands for an object that is gone.</typeparam>
internal interface IReconciler<in T>
    where T : class
{
    Task<ReconcileResult> ReconcileAsync(T? entity, CancellationToken ct);
}
