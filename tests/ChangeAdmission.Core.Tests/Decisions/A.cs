using System.Text;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Tests.Decisions;

/// <summary>The words in which the tests of decisions are written.</summary>
internal static class A
{
    /// <summary>An update of a Deployment that rolls out a new image; the change goes on from there.</summary>
    public static Request Rollout => new();

    /// <summary>A write that leaves the pod template as it is.</summary>
    public static Request AnnotationWrite => new Request().WithImage(Request.RunningImage);

    public static ChangePolicy Policy => new() { Name = "critical" };

    public static PolicyValidation Valid(this ChangePolicy policy) => new(policy, []);
}

/// <summary>A request, built step by step. Without any step: dev rolls out another image of shop/payments, undeclared.</summary>
internal sealed record Request
{
    public const string RunningImage = "payments:1";

    private WorkloadReference Workload { get; init; } = new("shop", WorkloadKind.Deployment, "payments");

    private string Requester { get; init; } = "dev";

    private string Image { get; init; } = "payments:2";

    private string? Template { get; init; }

    private Dictionary<string, string> Annotations { get; init; } = [];

    private Dictionary<string, string> TemplateAnnotations { get; init; } = [];

    private Dictionary<string, string> Before { get; init; } = [];

    private bool Creates { get; init; }

    private bool NameIsGenerated { get; init; }

    public ChangeDigest Digest => Change.Digest!.Value;

    public Change Change => new()
    {
        Workload = Workload,
        Requester = new Requester(Requester, []),
        Proposed = Content(Template ?? TemplateOf(Image, TemplateAnnotations), Annotations, TemplateAnnotations),
        Current = Creates ? null : Content(TemplateOf(RunningImage, []), Before, []),
        Uid = "uid-1",
        HasGeneratedName = NameIsGenerated,
    };

    public Request By(string requester) => this with { Requester = requester };

    public Request Of(WorkloadReference workload) => this with { Workload = workload };

    public Request WithImage(string image) => this with { Image = image };

    public Request WithTemplate(string json) => this with { Template = json };

    public Request Annotated(string key, string value) => this with { Annotations = new(Annotations) { [key] = value } };

    public Request TemplateAnnotated(string key, string value) => this with { TemplateAnnotations = new(TemplateAnnotations) { [key] = value } };

    public Request DeclaredAIAssisted() => Annotated(WellKnown.AIAssisted, "true");

    public Request BreakingTheGlass(string reason) => Annotated(WellKnown.BreakGlass, reason);

    /// <summary>The reason stands on the workload already.</summary>
    public Request WithTheGlassBrokenBefore(string reason) => BreakingTheGlass(reason) with { Before = new(Before) { [WellKnown.BreakGlass] = reason } };

    public Request WrittenBy(string author) => Annotated(WellKnown.Author, author);

    public Request ThatCreates() => this with { Creates = true };

    public Request WithGeneratedName() => ThatCreates() with { NameIsGenerated = true };

    /// <summary>Approvals of exactly this change, that stand on the workload already.</summary>
    public Request ApprovedBy(params string[] seniors) => Approved([.. seniors.Select(s => $"{Digest}/{s}")]);

    /// <summary>Values that stand on the workload already.</summary>
    public Request Approved(params string[] values)
    {
        var value = string.Join(',', values);
        return this with
        {
            Annotations = new(Annotations) { [WellKnown.SeniorApproval] = value },
            Before = new(Before) { [WellKnown.SeniorApproval] = value },
        };
    }

    /// <summary>Values that this very request writes.</summary>
    public Request Approving(params string[] values) => Annotated(WellKnown.SeniorApproval, string.Join(',', values));

    private static string TemplateOf(string image, Dictionary<string, string> annotations)
    {
        var written = string.Join(',', annotations.Select(a => $"\"{a.Key}\":\"{a.Value}\""));
        return $$$"""{"metadata":{"annotations":{{{{written}}}}},"spec":{"containers":[{"name":"p","image":"{{{image}}}"}]}}""";
    }

    private static WorkloadContent Content(string template, Dictionary<string, string> annotations, Dictionary<string, string> templateAnnotations) => new()
    {
        Annotations = annotations,
        TemplateAnnotations = templateAnnotations,
        Template = Encoding.UTF8.GetBytes(template),
    };
}

/// <summary>Decides as the webhook does: evaluate, answer what is asked, evaluate again.</summary>
internal sealed record Cluster
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Who holds the verb approve, as user@policy, or as user for every policy.</summary>
    public IReadOnlySet<string> Approvers { get; init; } = new HashSet<string> { "senior", "principal" };

    /// <summary>Who holds the verb breakglass, written alike.</summary>
    public IReadOnlySet<string> Breakers { get; init; } = new HashSet<string> { "oncall" };

    public IReadOnlySet<string> OnReplicaSets { get; init; } = new HashSet<string>();

    public IReadOnlyList<ApprovalGrant> Grants { get; init; } = [];

    public RolloutLedger Ledger { get; init; } = RolloutLedger.Empty with { AdoptedAt = Noon };

    public RolloutLedger PolicyLedger { get; init; } = RolloutLedger.Empty with { AdoptedAt = Noon };

    public DateTimeOffset Now { get; init; } = Noon;

    public IReadOnlyList<ChangeFreeze> Freezes { get; init; } = [];

    /// <summary>What was asked, in this order.</summary>
    public List<Question> Asked { get; } = [];

    public Decision Decide(Request request, params ChangePolicy[] policies) =>
        DecideUnder(request, [.. policies.DefaultIfEmpty(A.Policy).Select(p => p.Valid())]);

    public Decision DecideUnder(Request request, params PolicyValidation[] policies)
    {
        var change = request.Change;
        var facts = Facts.None with { Now = Now, Freezes = Freezes };
        while (true)
        {
            switch (Evaluator.Evaluate(change, policies, facts))
            {
                case Evaluation.Decided(var decision):
                    return decision;
                case Evaluation.NeedsFacts(var questions):
                    Asked.AddRange(questions);
                    facts = questions.Aggregate(facts, (known, question) => Answer(known, question, change));
                    break;
            }
        }
    }

    private Facts Answer(Facts facts, Question question, Change change) => question switch
    {
        Question.MayApprove(var policy) => facts with
        {
            RequesterMayApprove = new Dictionary<string, bool>(facts.RequesterMayApprove)
            {
                [policy] = Approvers.Contains(change.Requester.Username) || Approvers.Contains($"{change.Requester.Username}@{policy}"),
            },
        },
        Question.MayBreakGlass(var policy) => facts with
        {
            RequesterMayBreakGlass = new Dictionary<string, bool>(facts.RequesterMayBreakGlass)
            {
                [policy] = Breakers.Contains(change.Requester.Username) || Breakers.Contains($"{change.Requester.Username}@{policy}"),
            },
        },
        Question.ApprovalObjects => facts with { ApprovalObjects = Grants },
        Question.ApprovalsOnReplicaSets => facts with { ApprovalsOnReplicaSets = OnReplicaSets },
        Question.NamespaceLedger => facts with { Ledger = Ledger },
        Question.PolicyLedger(var policy) => facts with { PolicyLedgers = new Dictionary<string, RolloutLedger> { [policy] = PolicyLedger } },
        _ => throw new InvalidOperationException($"unknown question {question}"),
    };
}

internal static class DecisionAssertions
{
    public static IEnumerable<Reason> Reasons(this Decision decision) => decision.Policies.SelectMany(p => p.Violations).Select(v => v.Reason);

    public static Decision ShouldBeAdmitted(this Decision decision)
    {
        decision.Outcome.Should().Be(Outcome.Admitted, DecisionText.Rejection(decision));
        return decision;
    }

    public static Violation ShouldBeRejected(this Decision decision, Reason reason)
    {
        decision.Outcome.Should().Be(Outcome.Rejected);
        decision.Reasons().Should().Equal(reason);
        return decision.Policies.SelectMany(p => p.Violations).Single();
    }
}
