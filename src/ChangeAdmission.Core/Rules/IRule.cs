using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>
/// One rule: looks at one change under one policy and adds a violation for what is wrong. Pure, and total: what it
/// cannot know it asks for through the context and adds nothing.
/// </summary>
internal interface IRule
{
    /// <summary>Whether the rule also looks at writes that change our annotations but roll nothing out.</summary>
    bool JudgesAnnotationWrites { get; }

    void Check(RuleContext context, ICollection<Violation> violations);
}

/// <summary>What a rule sees.</summary>
internal sealed class RuleContext(Change change, ChangePolicy policy, Facts facts)
{
    private readonly HashSet<Question> _questions = [];
    private IReadOnlyList<ApprovalFinding>? _approvals;

    public Change Change { get; } = change;

    public ChangePolicy Policy { get; } = policy;

    public Provenance Provenance { get; } = ProvenanceReader.Read(change.Proposed, policy.AiAssistedWhen);

    /// <summary>The questions whose answers the rules missed.</summary>
    public IReadOnlySet<Question> Questions => _questions;

    /// <summary>Every approval the change carries, judged once for all rules.</summary>
    public IReadOnlyList<ApprovalFinding> Approvals =>
        _approvals ??= ApprovalJudge.Judge(Change, Policy, facts, question => _questions.Add(question));
}
