using Orleans.Raft.Storage.Provider;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class ExpectationTests
{
    private static readonly RecordVersion Version = new(0xc0ffee, 500, 3);
    private static readonly OperationId First = new(7, 1);
    private static readonly OperationId Second = new(7, 2);

    [Theory]
    [InlineData(null)]
    [InlineData("500.3-0000000000c0ffee")]
    [InlineData("500.3-0000000000c0ffee+none?0000000000000007:1")]
    [InlineData("500.3-0000000000c0ffee+none?0000000000000007:1!0000000000000007:2?0000000000000007:3")]
    [InlineData("500.3-0000000000c0ffee?0000000000000007:1?0000000000000007:2")]
    [InlineData("none?0000000000000007:1")]
    public void An_ETag_reads_back_as_it_was_written(string? etag) => Assert.Equal(etag, Expectation.Parse(etag).ToETag());

    [Theory]
    [InlineData("7")]
    [InlineData("*")]
    [InlineData("500.3")]
    [InlineData("0500.3-0000000000c0ffee")]
    [InlineData("500.3-0000000000C0FFEE")]
    [InlineData("-1.3-0000000000c0ffee")]
    [InlineData("500.3-0000000000c0ffee?")]
    [InlineData("500.3-0000000000c0ffee?junk")]
    [InlineData("500.3-0000000000c0ffee!")]
    [InlineData("!0000000000000007:1")]
    [InlineData("99999999999999999999.0-0000000000c0ffee")]
    public void A_text_that_was_never_issued_matches_nothing(string etag)
    {
        var expectation = Expectation.Parse(etag);
        Assert.False(expectation.Holds(null));
        Assert.False(expectation.Holds(Record(Version, First)));
        Assert.False(expectation.Holds(default(GrainRecord)));
    }

    [Fact]
    public void After_a_lost_write_either_predecessor_is_accepted_and_nothing_else()
    {
        var expectation = Expectation.Exactly(Version).OrWrittenBy(First, deletes: false);
        Assert.True(expectation.Holds(Record(Version, Second)));
        Assert.True(expectation.Holds(Record(Version with { Index = 501 }, First)));
        Assert.False(expectation.Holds(Record(Version with { Index = 501 }, Second)));
        Assert.False(expectation.Holds(null));
    }

    [Fact]
    public void After_a_lost_delete_absence_is_accepted_too()
    {
        var expectation = Expectation.Parse(Expectation.Exactly(Version).OrWrittenBy(First, deletes: true).ToETag());
        Assert.True(expectation.Holds(null));
        Assert.True(expectation.Holds(Record(Version, Second)));
    }

    [Fact]
    public void A_read_keeps_only_the_lost_operations_that_can_still_succeed()
    {
        var lost = Expectation.Exactly(Version).OrWrittenBy(First, deletes: false).OrWrittenBy(Second, deletes: false);
        Assert.Equal([First, Second], lost.AfterReading(Record(Version, default)).Operations.AsEnumerable());
        Assert.Equal([Second], lost.AfterReading(Record(Version with { Index = 501 }, First)).Operations.AsEnumerable());
        Assert.Empty(lost.AfterReading(Record(Version with { Index = 502 }, Second)).Operations);
        Assert.Empty(lost.AfterReading(Record(Version with { Index = 503 }, new OperationId(8, 1))).Operations);
        Assert.Null(lost.AfterReading(null).ToETag());
    }

    // The read came first, the lost delete after it: the next write must not be told of a conflict with it.
    [Fact]
    public void A_read_keeps_absence_where_a_lost_delete_can_still_succeed_and_nowhere_else()
    {
        var lost = Expectation.Exactly(Version).OrWrittenBy(First, deletes: false).OrWrittenBy(Second, deletes: true);
        Assert.True(Again(lost.AfterReading(Record(Version, default))).Holds(null));
        Assert.True(Again(lost.AfterReading(Record(Version with { Index = 501 }, First))).Holds(null));
        Assert.False(Again(lost.AfterReading(Record(Version with { Index = 502 }, new OperationId(8, 1)))).Holds(null));

        var overtaken = Expectation.Absent.OrWrittenBy(First, deletes: true).OrWrittenBy(Second, deletes: false);
        Assert.False(Again(overtaken.AfterReading(Record(Version, Second))).Holds(null));
        Assert.True(Again(overtaken.AfterReading(null)).Holds(null));

        static Expectation Again(Expectation expectation) => Expectation.Parse(expectation.ToETag());
    }

    [Fact]
    public void The_memory_of_lost_operations_is_bounded_and_forgets_the_oldest()
    {
        var expectation = Expectation.Absent;
        for (ulong number = 1; number <= 20; number++)
        {
            expectation = expectation.OrWrittenBy(new OperationId(7, number), deletes: false);
        }

        Assert.Equal(Expectation.MaxOperations, expectation.Operations.Length);
        Assert.Equal(new OperationId(7, 20), expectation.Operations[^1]);
        Assert.Equal(expectation.ToETag(), Expectation.Parse(expectation.ToETag()).ToETag());
    }

    private static GrainRecord Record(RecordVersion version, OperationId operation) => new(version, operation, true, 0, default);
}
