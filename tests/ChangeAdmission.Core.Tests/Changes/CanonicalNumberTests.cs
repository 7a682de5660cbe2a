using System.Text;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

public class CanonicalNumberTests
{
    // RFC 8785, appendix B.
    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffff, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0x41b3de4355555556, "333333333.3333334")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void A_double_is_written_as_RFC_8785_publishes_it(ulong bits, string expected) =>
        CanonicalNumber.FormatDouble(BitConverter.UInt64BitsToDouble(bits)).Should().Be(expected);

    [Theory]
    [InlineData("30", "30")]
    [InlineData("30.0", "30")]
    [InlineData("3e1", "30")]
    [InlineData("0.3E+2", "30")]
    [InlineData("-0", "0")]
    [InlineData("-0.0e5", "0")]
    [InlineData("0.50", "0.5")]
    [InlineData("5e-1", "0.5")]
    [InlineData("-1.25e-7", "-1.25e-7")]
    [InlineData("333333333.33333329", "333333333.3333333")]
    [InlineData("1E30", "1e+30")]
    [InlineData("4.50", "4.5")]
    [InlineData("2e-3", "0.002")]
    [InlineData("0.000000000000000000000000001", "1e-27")]
    public void Spellings_of_one_number_become_one(string literal, string expected) => Format(literal).Should().Be(expected);

    [Theory]
    [InlineData("9007199254740993")]
    [InlineData("9223372036854775807")]
    [InlineData("-9223372036854775808")]
    [InlineData("18446744073709551617")]
    [InlineData("123456789012345678901234567890123456789012345678901234567890")]
    public void Whole_numbers_are_exact_beyond_what_a_double_holds(string literal) => Format(literal).Should().Be(literal);

    [Fact]
    public void Whole_numbers_with_a_point_are_exact_too() =>
        Format("9007199254740993.0").Should().Be("9007199254740993").And.NotBe(Format("9007199254740992.0"));

    [Theory]
    [InlineData("1e400", "1e401")]
    [InlineData("1e-400", "0")]
    [InlineData("1e-400", "1e-401")]
    public void Numbers_out_of_range_stay_different(string one, string other) => Format(one).Should().NotBe(Format(other));

    [Fact]
    public void A_huge_literal_is_kept_and_costs_no_time()
    {
        var literal = "1." + new string('0', 100_000) + "e" + new string('9', 100_000);
        Format(literal).Should().Be(literal);
    }

    private static string Format(string literal) => Encoding.ASCII.GetString(CanonicalNumber.Format(Encoding.ASCII.GetBytes(literal)));
}
