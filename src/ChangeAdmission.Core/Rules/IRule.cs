using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
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
/// <param name="rollout">The rollout as it would be written down; null where there is none to write down, or not yet.</param>
internal sealed class RuleContext(Change change, ChangePolicy policy, Facts facts, Rollout? rollout)
{
    private readonly HashSet<Question> _questions = [];
    private IReadOnlyList<ApprovalFinding>? _carried;

    public Change Change { get; } = change;

    public ChangePolicy Policy { get; } = policy;

    public Facts Facts { get; } = facts;

    public Rollout? Rollout { get; } = rollout;

    /// <summary>What is known of the workload from before; null while its ledger is not known.</summary>
    public WorkloadHistory? History { get; } = facts.Ledger?.HistoryOf(change.Workload);

    /// <summary>Whether the change goes back to what ran well, every governing policy lets that pass, and it was not done too often.</summary>
    public bool IsExemptRollback => Rollout?.Sort == RolloutSort.Rollback;

    /// <summary>Whether what is rolled out runs already, and came there by an admission or was there from the beginning.</summary>
    public bool IsAdmittedRestart => Change.IsRestart && Change.Digest is { } digest && History?.Find(digest) is { IsAdmitted: true };

    /// <summary>When the same content was presented as AI-assisted, if it is not declared so now; null: never, or it is declared.</summary>
    public DateTimeOffset? PresentedAt { get; } = StickyProvenance.PresentedAt(change, policy, facts.Ledger, facts.Now);

    public Provenance Provenance => PresentedAt is null ? ProvenanceReader.Read(Change.Proposed, Policy.AiAssistedWhen) : Provenance.AIAssisted;

    /// <summary>The questions whose answers the rules missed.</summary>
    public IReadOnlySet<Question> Questions => _questions;

    /// <summary>Every approval the change carries, judged once for all rules.</summary>
    public IReadOnlyList<ApprovalFinding> Carried => _carried ??= ApprovalJudge.Judge(Change, Policy, Facts, Ask);

    /// <summary>The <c>ChangeApproval</c>s of this change; empty unless a rule has asked for them.</summary>
    public IReadOnlyList<ApprovalFinding> Granted { get; private set; } = [];

    /// <summary>Looks at the <c>ChangeApproval</c>s, or asks for them.</summary>
    public void LookAtGrants()
    {
        if (Facts.ApprovalObjects is { } grants)
        {
            Granted = [.. grants.Select(g => ApprovalJudge.Judge(g, Change, Policy, Facts.Now)).OfType<ApprovalFinding>()];
        }
        else
        {
            Ask(new Question.ApprovalObjects());
        }
    }

    public void Ask(Question question) => _questions.Add(question);
}
