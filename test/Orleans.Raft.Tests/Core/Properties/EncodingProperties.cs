using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Tests.Wire;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>Core has its own formula for sizes and its own codec for changes, since it must not know Wire. Both must agree.</summary>
public sealed class EncodingProperties
{
    [Fact]
    public void Core_and_wire_agree_on_the_size_of_an_entry() =>
        WireGen.Entry.Sample(entry => Assert.Equal(RaftCodec.EntrySize(entry), EntrySize.Of(entry)));

    [Fact]
    public void Core_and_wire_write_the_same_bytes_of_a_change() =>
        Gen.Select(WireGen.ConfChange, WireGen.ConfChangeV2).Sample((single, change) =>
        {
            Assert.Equal(RaftCodec.Encode(single), ConfChangeCodec.Encode(single));
            Assert.Equal(RaftCodec.Encode(change), ConfChangeCodec.Encode(change));
        });

    [Fact]
    public void Core_reads_the_changes_that_it_wrote() =>
        Gen.Select(WireGen.ConfChange, WireGen.ConfChangeV2).Sample((single, change) =>
        {
            Assert.True(ConfChangeCodec.TryDecode(new Entry(1, 1, EntryType.EntryConfChange, ConfChangeCodec.Encode(single)), out var first) || single.Replica.IsLocalThread);
            Assert.True(ConfChangeCodec.TryDecode(new Entry(1, 1, EntryType.EntryConfChangeV2, ConfChangeCodec.Encode(change)), out var second) || change.Changes.Any(operation => operation.Replica.IsLocalThread));
            Assert.Equal(WireText.Of(single.AsV2()), WireText.Of(first));
            Assert.Equal(WireText.Of(change), WireText.Of(second));
        });

    [Fact]
    public void Any_bytes_are_a_change_or_none_and_never_an_error() =>
        Gen.Select(Gen.Byte.Array[0, 30], Gen.Int[1, 2]).Sample((data, type) =>
        {
            ConfChangeCodec.TryDecode(new Entry(1, 1, (EntryType)type, data), out var change);
            Assert.NotNull(change);
        }, iter: 100_000);

    [Fact]
    public void Whatever_Core_takes_for_a_change_Wire_takes_for_the_same() =>
        Gen.Select(WireGen.ConfChangeV2, Gen.Int[0, 60], Gen.Byte).Sample((change, at, value) =>
        {
            var data = RaftCodec.Encode(change);
            data[at % data.Length] = value;
            if (ConfChangeCodec.TryDecode(new Entry(1, 1, EntryType.EntryConfChangeV2, data), out var core))
            {
                Assert.Equal(WireText.Of(core), WireText.Of(RaftCodec.ReadConfChangeV2(data)));
            }
        }, iter: 50_000);
}
