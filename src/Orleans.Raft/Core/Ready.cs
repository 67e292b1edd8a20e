using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Raft.Core;

/// <summary>Work that a node has for its host. A view: valid until the next call of <see cref="RaftNode.Ready"/>.</summary>
[Experimental("ORLEANSRAFT001")]
public sealed class Ready
{
    private readonly List<Entry> _entries = [];
    private readonly List<Entry> _committed = [];
    private readonly List<ReadState> _readStates = [];
    private List<Message> _messages = [];

    internal Ready() => (EntryList, CommittedList) = (_entries, _committed);

    /// <summary>Set when leader or role changed.</summary>
    public SoftState? SoftState { get; internal set; }

    /// <summary>Set when term, vote or commit changed; to be stored with <see cref="Entries"/>.</summary>
    public HardState? HardState { get; internal set; }

    /// <summary>Answers to reads.</summary>
    public IReadOnlyList<ReadState> ReadStates => _readStates;

    /// <summary>Entries to store.</summary>
    public IReadOnlyList<Entry> Entries => EntryList;

    /// <summary>Snapshot to store.</summary>
    public Snapshot? Snapshot { get; internal set; }

    /// <summary>Entries to apply.</summary>
    public IReadOnlyList<Entry> CommittedEntries => CommittedList;

    /// <summary>Messages to send. In asynchronous mode those to the local threads carry the work above.</summary>
    public IReadOnlyList<Message> Messages => _messages;

    /// <summary>True when entries, term or vote changed, so that the write needs an fsync before answers leave.</summary>
    public bool MustSync { get; internal set; }

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => SoftState is null && HardState is null && Snapshot is null && ReadStates.Count == 0
        && Entries.Count == 0 && CommittedEntries.Count == 0 && Messages.Count == 0;

    internal List<Entry> EntryList { get; private set; }

    internal List<Entry> CommittedList { get; private set; }

    internal List<Message> MessageList => _messages;

    // Also the lists' contents: what a host has not taken before it asks again it has had its chance to take.
    internal void Clear()
    {
        (SoftState, HardState, Snapshot, MustSync) = (null, null, null, false);
        _entries.Clear();
        _committed.Clear();
        _readStates.Clear();
        _messages.Clear();
        (EntryList, CommittedList) = (_entries, _committed);
    }

    /// <summary>Lists change hands instead of being copied. Takes the filled list and gives its own, emptied one for the next round.</summary>
    internal List<Message> SwapMessages(List<Message> filled)
    {
        (var emptied, _messages) = (_messages, filled);
        return emptied;
    }

    /// <summary>Gives room back that larger work needed. Changes nothing that is in the view.</summary>
    internal void Shrink()
    {
        _entries.TrimExcess();
        _committed.TrimExcess();
        _readStates.TrimExcess();
        _messages.TrimExcess();
    }

    internal void TakeReadStates(List<ReadState> readStates)
    {
        _readStates.AddRange(readStates);
        readStates.Clear();
    }

    // Asynchronous mode: the same list is the message's, so that what is handed out is not copied a second time. The view ends when the message is given back.
    internal void UseEntries(List<Entry> entries) => EntryList = entries;

    internal void UseCommitted(List<Entry> entries) => CommittedList = entries;
}
