namespace ChangeAdmission.Core.Changes;

/// <summary>Property names in the order of RFC 8785, section 3.2.3: by UTF-16 code unit, compared here in UTF-8.</summary>
/// <remarks>
/// The two orders differ in one thing: characters beyond U+FFFF are surrogates in UTF-16 (D800 to DFFF) and so come before
/// U+E000 to U+FFFF, but their first byte in UTF-8 (F0 to F4) comes after EE and EF.
/// </remarks>
internal static class JsonNameOrder
{
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var common = left.CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
        {
            return left.Length - right.Length;
        }

        return Rank(left[common]) - Rank(right[common]);
    }

    private static int Rank(byte value) => value switch
    {
        0xEE or 0xEF => value + 0x10,
        _ => value,
    };
}
