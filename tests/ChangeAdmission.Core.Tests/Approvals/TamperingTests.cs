using System.Globalization;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;
using ChangeAdmission.Core.Tests.Decisions;
using CsCheck;

namespace ChangeAdmission.Core.Tests.Approvals;

/// <summary>Whatever is done to an approval that counts, what comes out does not count, and nothing breaks.</summary>
public sealed class TamperingTests
{
    // A test that draws anew each time would fail for somebody who changed something else.
    private const string Seed = "0000KOIPe036";
    private const long Mutations = 100_000;

    private static readonly Signer Alice = new("alice");
    private static readonly Request Change = A.Rollout.DeclaredAIAssisted().By("robot");
    private static readonly ChangePolicy Policy = A.Policy with { Signers = [Alice.InThePolicy] };
    private static readonly string Valid = Alice.Approve(Change);
    private static readonly string Other = Alice.Approve(Change.WithImage("payments:3"), c => c["exp"] = 1772452900);
    private static readonly string Written = $"{Change.Digest}/senior";

    [Fact]
    public void No_mutation_of_a_token_counts() => Mutants(Valid, Other).Sample(
        mutant => IsTheOriginal(mutant, Valid) || !new Cluster().Decide(Change.Approving(mutant), Policy).IsAllowed, iter: Mutations, seed: Seed);

    [Fact]
    public void No_mutation_of_an_annotation_counts_when_anybody_else_writes_it() => Mutants(Written, $"{Change.WithImage("payments:3").Digest}/principal").Sample(
        mutant => !new Cluster().Decide(Change.Approving(mutant), Policy).IsAllowed, iter: Mutations, seed: Seed);

    [Fact]
    public void What_is_mutated_counts_before() =>
        new Cluster().Decide(Change.Approving(Valid), Policy).ShouldBeAdmitted();

    private static bool IsTheOriginal(string mutant, string original) => ApprovalAnnotation.Values(mutant).Contains(original);

    // One to three edits, each of one sort: another character, one more, one less, a piece elsewhere, a piece of the other value.
    private static Gen<string> Mutants(string value, string other)
    {
        var edit = Gen.Select(Gen.Int[0, 6], Gen.Int[0, value.Length - 1], Gen.Int[0, value.Length - 1], Gen.Char[' ', '\u017f']);
        return edit.Array[1, 3].Select(edits => edits.Aggregate(value, (text, e) => Edit(text, other, e.Item1, e.Item2, e.Item3, e.Item4)));
    }

    private static string Edit(string text, string other, int sort, int at, int to, char c)
    {
        if (text.Length == 0)
        {
            return c.ToString(CultureInfo.InvariantCulture);
        }

        (at, to) = (at % text.Length, to % text.Length);
        var (first, last) = at < to ? (at, to) : (to, at);
        return sort switch
        {
            0 => text[..at] + c + text[(at + 1)..],
            1 => text[..at] + c + text[at..],
            2 => text.Remove(at, 1),
            3 => text[..first] + text[last..] + text[first..last],
            4 => text[..first] + other[Math.Min(first, other.Length)..Math.Min(last, other.Length)] + text[last..],
            5 => text[..at] + (char)(text[at] ^ (1 << (to % 7))) + text[(at + 1)..],
            _ => text[..first] + text[first..last].ToUpperInvariant() + text[last..],
        };
    }
}
