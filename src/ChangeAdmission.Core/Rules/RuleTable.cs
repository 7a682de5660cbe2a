namespace ChangeAdmission.Core.Rules;

/// <summary>Every rule there is. A new rule is one file, its tests, and one line here.</summary>
internal static class RuleTable
{
    /// <summary>The one that stands when the glass is broken: a forged approval would outlive the emergency.</summary>
    public static IRule InEveryMode { get; } = new ApprovalForgedRule();

    public static IReadOnlyList<IRule> Rules { get; } =
    [
        new TemplateRule(),
        new DeclarationRule(),
        new ApprovalRule(),
        new ApprovalForgedRule(),
        new RateLimitRule(),
        new CooldownRule(),
        new FreezeRule(),
        new AnnotationsRule(),
    ];
}
