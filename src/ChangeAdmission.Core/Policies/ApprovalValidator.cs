using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Policies;

/// <summary>Checks what <c>spec.approval</c> says about carriers, ages and signers.</summary>
internal static class ApprovalValidator
{
    private const int MaxSigners = 64;
    private const int MaxAliases = 16;
    private const int MaxName = 253;

    private static readonly TimeSpan ShortestMaxAge = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestMaxAge = TimeSpan.FromDays(30);

    public static TimeSpan? MaxAge(string? written, List<FieldError> errors)
    {
        const string Path = "spec.approval.maxAge";
        if (written is null)
        {
            return null;
        }

        if (!DurationText.TryParse(written, out var maxAge))
        {
            errors.Add(new(Path, $"{Quoted.Of(written)} {DurationText.Hint}"));
            return null;
        }

        if (maxAge < ShortestMaxAge || maxAge > LongestMaxAge)
        {
            errors.Add(new(Path, $"must be {DurationText.Of(ShortestMaxAge)} to {DurationText.Of(LongestMaxAge)}"));
            return null;
        }

        return maxAge;
    }

    public static IReadOnlyList<ApprovalCarrier>? Accept(IReadOnlyList<string>? written, List<FieldError> errors)
    {
        const string Root = "spec.approval.accept";
        if (written is null)
        {
            return null;
        }

        if (written.Count == 0)
        {
            errors.Add(new(Root, "must name at least one carrier"));
        }

        var carriers = new List<ApprovalCarrier>(written.Count);
        for (var i = 0; i < written.Count; i++)
        {
            var before = errors.Count;
            var carrier = PolicyValidator.Choice($"{Root}[{i}]", written[i], default(ApprovalCarrier), errors);
            if (errors.Count == before && carriers.Contains(carrier))
            {
                errors.Add(new($"{Root}[{i}]", $"{carrier} is named twice"));
            }

            carriers.Add(carrier);
        }

        return carriers;
    }

    public static IReadOnlyList<ApprovalSigner> Signers(IReadOnlyList<ApprovalSignerSpec>? written, List<FieldError> errors)
    {
        const string Root = "spec.approval.signers";
        if (written is null)
        {
            return [];
        }

        if (written.Count > MaxSigners)
        {
            errors.Add(new(Root, $"must have at most {MaxSigners} entries"));
            return [];
        }

        var signers = new List<ApprovalSigner>(written.Count);
        for (var i = 0; i < written.Count; i++)
        {
            if (Signer($"{Root}[{i}]", written[i] ?? new ApprovalSignerSpec(), errors) is { } signer)
            {
                signers.Add(signer);
            }
        }

        return signers;
    }

    private static ApprovalSigner? Signer(string path, ApprovalSignerSpec written, List<FieldError> errors)
    {
        if (written.Name is not { Length: > 0 and <= MaxName })
        {
            errors.Add(new($"{path}.name", $"is required: the signer's Kubernetes username, at most {MaxName} characters"));
        }
        else if (!Requester.IsPersonName(written.Name))
        {
            errors.Add(new($"{path}.name", $"{Quoted.Of(written.Name)} is not a person, and only people approve"));
        }

        var key = SigningKey.Read(written.PublicKey, out var problem);
        if (problem is not null)
        {
            errors.Add(new($"{path}.publicKey", problem));
        }

        var aliases = written.Aliases ?? [];
        if (aliases.Count > MaxAliases)
        {
            errors.Add(new($"{path}.aliases", $"must have at most {MaxAliases} entries"));
        }

        if (aliases.Any(string.IsNullOrEmpty))
        {
            errors.Add(new($"{path}.aliases", "must not hold an empty name"));
        }

        if (written.NotBefore >= written.NotAfter)
        {
            errors.Add(new($"{path}.notAfter", "must be later than notBefore"));
        }

        return key is null ? null : new ApprovalSigner(written.Name ?? "", key, aliases, written.NotBefore, written.NotAfter);
    }
}
