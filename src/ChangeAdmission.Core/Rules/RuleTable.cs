namespace ChangeAdmission.Core.Rules;

/// <summary>Every rule there is. A new rule is one file, its tests, and one line here.</summary>
internal static class RuleTable
{
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
