namespace ChangeAdmission.Controller.Operator;

/// <summary>
/// What to do after a reconciliation. A closed set. Reconcilers are level-based: each reads the world as it is, not what happened, and
/// writes the difference to what is wished; so all of them are safe to run twice.
/// </summary>
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
