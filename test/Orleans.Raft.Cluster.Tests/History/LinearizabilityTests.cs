using CsCheck;
using Xunit;
using static Orleans.Raft.Cluster.Tests.History.HistoryVerdict;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>
/// Histories by hand, one operation a word: <c>0-2:w=a</c> is a write of a from 0 to 2, <c>r=a</c> and <c>r=-</c> read a and nothing, <c>a>b</c> sets a to b, <c>c=a</c> creates,
/// <c>d</c> deletes, <c>d=a</c> deletes a. An exclamation mark at the end says refused, <c>0-?</c> unknown.
/// </summary>
public sealed class LinearizabilityTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("0-1:r=-")]
    [InlineData("0-1:w=a 2-3:r=a")]
    [InlineData("0-9:w=a 1-2:r=- 3-4:r=a")]
    [InlineData("0-9:w=a 0-9:w=b 10-11:r=b 12-13:r=b")]
    [InlineData("0-5:w=a 6-?:w=b 7-8:r=a 9-10:r=b")]
    [InlineData("0-5:w=a 6-?:w=b 7-8:r=a 9-10:r=a")]
    [InlineData("0-?:w=a 1-2:r=- 3-4:r=- 50-51:r=a")]
    [InlineData("0-1:c=a 2-3:c=b! 4-5:r=a")]
    [InlineData("0-9:c=a 0-9:c=b! 10-11:r=a")]
    [InlineData("0-1:w=a 2-3:a>b 4-5:a>c! 6-7:r=b")]
    [InlineData("0-1:w=a 2-9:a>b 2-9:a>c! 10-11:r=b")]
    [InlineData("0-1:w=a 2-?:a>b 3-4:r=a 5-6:a>c! 7-8:r=b")]
    [InlineData("0-1:w=a 2-3:d 4-5:r=- 6-7:d! 8-9:c=b 10-11:r=b")]
    [InlineData("0-1:w=a 2-3:d=b! 4-5:d=a 6-7:d=a! 8-9:r=-")]
    [InlineData("0-1:w=a 2-?:d 3-4:r=a 5-6:r=- 7-8:r=-")]
    [InlineData("0-1:w=a 2-?:d 3-?:w=b 4-5:r=b 6-7:r=- 8-9:c=c")]
    [InlineData("0-1:w=a 2-?:w=b 3-4:a>c! 5-6:w=d 7-8:r=d")]
    [InlineData("0-1:d! 2-3:a>b! 4-5:r=-")]
    [InlineData("0-?:w=a 0-?:w=b 0-?:w=c 1-2:r=b 3-4:r=c 5-6:r=a")]
    [InlineData("0-?:w=a 1-?:a>b 2-3:r=b 4-5:b>c")]
    public void Good_histories_are_found_linearizable(string history) => Assert.Equal(Linearizable, Check(history).Verdict);

    [Theory]
    [InlineData("0-1:r=a", "a value from nowhere")]
    [InlineData("0-1:w=a 2-3:r=-", "a lost write")]
    [InlineData("0-1:w=a 2-3:w=b 4-5:r=a", "a stale read")]
    [InlineData("0-9:w=a 1-2:r=a 3-4:r=-", "a read that goes back while the write still runs")]
    [InlineData("0-9:w=a 0-9:w=b 10-11:r=b 12-13:r=a", "two reads in two orders")]
    [InlineData("0-5:w=a 6-?:w=b 7-8:r=b 9-10:r=a", "an unknown write that was seen and is gone")]
    [InlineData("5-?:w=a 1-2:r=a", "an unknown write that was read before it began")]
    [InlineData("0-1:c=a 2-3:c=b", "two creations")]
    [InlineData("0-9:c=a 0-9:c=b", "two concurrent creations")]
    [InlineData("0-1:c=a!", "a creation refused where nothing is")]
    [InlineData("0-1:w=a 2-9:a>b 2-9:a>c", "a lost update")]
    [InlineData("0-1:w=a 2-3:a>b!", "a false conflict")]
    [InlineData("0-1:w=a 2-3:a>b! 4-5:r=a", "a false conflict that is seen to be one")]
    [InlineData("0-1:w=a 2-3:d 4-5:r=a", "a deleted value that comes back")]
    [InlineData("0-1:w=a 2-3:d 4-?:w=b 5-6:r=a", "a deleted value that comes back beside an unknown write")]
    [InlineData("0-1:w=a 2-3:d 4-5:d", "deleted twice")]
    [InlineData("0-1:w=a 2-3:d!", "nothing found where something is")]
    [InlineData("0-1:w=a 2-3:d=a 4-5:r=a", "a compared deletion without effect")]
    [InlineData("0-?:w=a 1-2:r=a 3-4:d 5-6:r=a", "an unknown write applied twice")]
    [InlineData("0-?:w=a 0-?:w=b 1-2:r=a 3-4:r=b 5-6:r=a", "an unknown write that is seen again")]
    [InlineData("0-1:w=a 2-?:a>b 3-4:w=c 5-6:r=b", "an unknown comparison that did not hold any more")]
    public void Bad_histories_are_found_out(string history, string name)
    {
        var result = Check(history);
        Assert.True(result.Verdict is Violated, $"{name}: {result.Verdict}");
        Assert.Contains("none of these can follow", result.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_register_really_did_is_linearizable_and_a_changed_answer_is_found_out() =>
        Gen.Int[0, int.MaxValue].Sample(seed =>
        {
            var random = new Random(seed);
            var history = RandomHistory.Make(random, operations: 60, clients: 5, unknownPercent: 10);
            Assert.Equal(Linearizable, Linearizability.Check(history, Limit).Verdict);

            // A read that was told a value that nobody wrote.
            var at = history.FindIndex(operation => operation is { Action: RegisterAction.Read });
            if (at >= 0)
            {
                history[at] = history[at] with { Value = "nobody's" };
                Assert.Equal(Violated, Linearizability.Check(history, Limit).Verdict);
            }
        }, iter: 200);

    [Fact]
    public void Many_unknown_writes_are_judged_in_time()
    {
        var history = RandomHistory.Make(new Random(1), operations: 600, clients: 8, unknownPercent: 15);
        Assert.Equal(Linearizable, Linearizability.Check(history, Limit).Verdict);
    }

    [Fact]
    public void A_search_without_time_says_so()
    {
        var history = RandomHistory.Make(new Random(1), operations: 3_000, clients: 8, unknownPercent: 15);
        Assert.Equal(Undecided, Linearizability.Check(history, TimeSpan.Zero).Verdict);
    }

    // After a lost write of b on top of a, its client's next write accepts both.
    [Theory]
    [InlineData("a", true)]
    [InlineData("b", true)]
    [InlineData("c", false)]
    [InlineData(null, false)]
    public void A_comparison_with_several_values_holds_for_each_of_them_and_for_no_other(string? stored, bool isGood)
    {
        List<RegisterOperation> history = [new(RegisterAction.CompareAndSet, "next", null, RegisterResult.Done, 10, 11) { OrElse = new HashSet<string?> { "a", "b" } }];
        if (stored is not null)
        {
            history.Add(new RegisterOperation(RegisterAction.Write, stored, null, RegisterResult.Done, 0, 1));
        }

        Assert.Equal(isGood ? Linearizable : Violated, Linearizability.Check(history, Limit).Verdict);
    }

    private static HistoryResult Check(string history) => Linearizability.Check(Parse(history), Limit);

    private static IEnumerable<RegisterOperation> Parse(string history) => history.Split(' ').Select(ParseOne);

    private static RegisterOperation ParseOne(string word)
    {
        var (times, what) = (word[..word.IndexOf(':')].Split('-'), word[(word.IndexOf(':') + 1)..]);
        var isRefused = what.EndsWith('!');
        what = what.TrimEnd('!');
        var isUnknown = times[1] == "?";
        var result = isUnknown ? RegisterResult.Unknown : isRefused ? RegisterResult.Refused : RegisterResult.Done;
        var (action, value, expected) = what switch
        {
            ['r', '=', .. var read] => (RegisterAction.Read, read == "-" ? null : read, null),
            ['w', '=', .. var written] => (RegisterAction.Write, written, null),
            ['c', '=', .. var created] => (RegisterAction.Create, created, null),
            "d" => (RegisterAction.Delete, null, null),
            ['d', '=', .. var deleted] => (RegisterAction.CompareAndDelete, null, deleted),
            _ => (RegisterAction.CompareAndSet, what.Split('>')[1], (string?)what.Split('>')[0]),
        };
        return new RegisterOperation(action, value, expected, result, Parse(times[0]), isUnknown ? 0 : Parse(times[1]));

        static long Parse(string number) => long.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
    }
}
